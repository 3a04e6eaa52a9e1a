using System.Text;

namespace InstaGrpc.Memcached.Tests;

internal static class ReplyText
{
    public static string? Text(this MetaReply reply) => reply.Value is { } value ? Encoding.UTF8.GetString(value) : null;
}
