using System.Globalization;
using InstaGrpc.Contracts.Positions;
using Npgsql;

namespace InstaGrpc.Postgres.Internal;

/// <summary>One server under examination: its connection, and the findings that the checks append to.</summary>
internal sealed class NodeExamination(
    NodeName node, NpgsqlConnection connection, PostgresOptions options, TimeProvider time, List<PostgresFinding> findings)
{
    public NodeName Node => node;

    public NpgsqlConnection Connection => connection;

    public PostgresOptions Options => options;

    public TimeProvider Time => time;

    public bool IsDirectory => node == NodePool.DirectoryNode;

    public void Error(string check, string problem, string fix) =>
        findings.Add(new PostgresFinding(FindingSeverity.Error, node, check, problem, fix));

    public void Warning(string check, string problem, string fix) =>
        findings.Add(new PostgresFinding(FindingSeverity.Warning, node, check, problem, fix));

    public async ValueTask<T> QueryAsync<T>(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        var value = await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
        return value is T typed ? typed : default!;
    }

    public ValueTask<string> SettingAsync(string name, CancellationToken cancellation) =>
        QueryAsync<string>($"SELECT setting FROM pg_settings WHERE name = '{name}'", cancellation);

    public async ValueTask<long> NumberAsync(string name, CancellationToken cancellation) =>
        long.Parse(await SettingAsync(name, cancellation).ConfigureAwait(false), CultureInfo.InvariantCulture);

    public async ValueTask<List<T>> RowsAsync<T>(string sql, Func<NpgsqlDataReader, T> row, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
