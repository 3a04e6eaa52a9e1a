using System.CommandLine;
using System.Globalization;
using InstaGrpc.Contracts.Ids;

namespace InstaGrpc.Host.Commands;

/// <summary><c>insta ids decode</c></summary>
internal static class IdsCommand
{
    public static Command Create()
    {
        var id = new Argument<long>("id") { Description = "A positive 64-bit id." };
        var decode = new Command("decode", "Print the time, logical shard and sequence of an id.") { id };
        decode.SetAction(parsed =>
        {
            var value = parsed.GetValue(id);
            if (value <= 0) throw new UsageException($"{value} is no id: ids are positive");
            var decoded = new InstaId(value);
            TextTable.Write(Console.Out, ["time", "shard", "sequence"],
            [[
                decoded.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
                decoded.Shard.ToString(CultureInfo.InvariantCulture),
                decoded.Sequence.ToString(CultureInfo.InvariantCulture),
            ]]);
        });
        return new Command("ids", "Look into ids.") { decode };
    }
}
