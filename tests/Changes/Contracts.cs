using System.Security.Cryptography;
using Google.Protobuf;
using InstaGrpc.Contracts.InvalidatorV1;
using InstaGrpc.Postgres;
using Npgsql;

namespace InstaGrpc.Services.Changes.Tests;

/// <summary>Announces contracts as a caching process does.</summary>
internal static class Contracts
{
    /// <summary>Returns its number.</summary>
    public static async Task<long> AnnounceAsync(Mesh mesh, string table, params string[] columns)
    {
        var contract = new AnnouncedContract { Method = $"test.v1.Test/Get{table}", EncoderVersion = 1, LeaseSeconds = 2 };
        contract.Fields.AddRange(columns.Select(column => new KeyField { Name = column, Type = KeyType.Integer }));
        contract.DependsOn.Add(new AnnouncedDependency { Table = table, Columns = { columns } });
        var body = contract.ToByteArray();
        await using var connection = await mesh.OpenAsync(NodePool.DirectoryNode);
        await DirectoryIdentity.EnsureAsync(connection, mesh.Limit);
        await using var insert = new NpgsqlCommand(
            """
            WITH numbered AS (UPDATE contract_counter c SET last_number = last_number + 1 FROM directory_identity i WHERE i.epoch = c.epoch
                              RETURNING c.epoch, c.last_number)
            INSERT INTO contracts (epoch, number, identity, method, body) SELECT epoch, last_number, $1, $2, $3 FROM numbered RETURNING
                number
            """,
            connection);
        insert.Parameters.Add(new() { Value = SHA256.HashData(body) });
        insert.Parameters.Add(new() { Value = contract.Method });
        insert.Parameters.Add(new() { Value = body });
        return (long)(await insert.ExecuteScalarAsync(mesh.Limit))!;
    }

    public static Task UntilAsync(Mesh mesh, long number, string state) => mesh.UntilAsync(
        $"SELECT EXISTS (SELECT FROM contract_nodes WHERE number = {number} AND node = 'n1' AND state = '{state}')",
            NodePool.DirectoryNode);
}
