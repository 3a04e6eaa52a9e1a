using System.Reflection;
using Npgsql;

namespace InstaGrpc.TestFixtures;

/// <summary>Explains a service's queries as they run in production: prepared, with a generic plan.</summary>
public static class QueryPlans
{
    /// <summary>Every constant of a class of queries.</summary>
    public static IEnumerable<(string Name, string Sql)> Of(Type queries) =>
        queries.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
            .Where(static field => field is { IsLiteral: true } && field.FieldType == typeof(string))
            .Select(static field => (field.Name, (string)field.GetRawConstantValue()!));

    /// <summary>
    /// The plan, with sequential scans and sorts made so dear that one is chosen only where no index serves.
    /// </summary>
    public static async Task<string> ExplainAsync(TestDatabase database, string sql)
    {
        await using var connection = await database.OpenAsync();
        await using (var prepare = new NpgsqlCommand(
            $"SET enable_seqscan = off; SET enable_sort = off; SET plan_cache_mode = force_generic_plan; PREPARE query AS {sql}", connection))
        {
            await prepare.ExecuteNonQueryAsync();
        }

        long parameters;
        await using (var count = new NpgsqlCommand(
            "SELECT cardinality(parameter_types)::bigint FROM pg_prepared_statements WHERE name = 'query'", connection))
        {
            parameters = (long)(await count.ExecuteScalarAsync())!;
        }

        var arguments = string.Join(", ", Enumerable.Repeat("NULL", (int)parameters));
        await using var explain = new NpgsqlCommand($"EXPLAIN EXECUTE query{(parameters == 0 ? "" : $"({arguments})")}", connection);
        await using var reader = await explain.ExecuteReaderAsync();
        List<string> lines = [];
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        return string.Join('\n', lines);
    }
}
