using System.Collections.Frozen;
using System.Globalization;
using InstaGrpc.Contracts.Positions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstaGrpc.Postgres;

/// <summary>The connection pools of every node that is configured, and of the directory, which is a node like the others.</summary>
public sealed class NodePool : IAsyncDisposable
{
    private readonly FrozenDictionary<NodeName, NodeServers> _nodes;

    /// <summary>Makes the pools; connects nothing yet.</summary>
    /// <exception cref="FormatException">An address can't be read.</exception>
    public NodePool(PostgresOptions options, ILoggerFactory? loggers = null)
    {
        Options = options;
        var nodes = options.Nodes.ToDictionary(
            static pair => new NodeName(pair.Key),
            pair => new NodeServers(
                pair.Value.Region,
                Build(pair.Value.Primary, options, loggers),
                [.. pair.Value.Followers.Select(follower => Build(follower, options, loggers))],
                BuildAside(pair.Value.Primary, options),
                Session(pair.Value.Primary, options)));
        DataNodes = [.. nodes.Keys.Order()];
        nodes.Add(
            DirectoryNode,
            new NodeServers(
                options.DirectoryRegion,
                Build(options.Directory, options, loggers),
                [],
                BuildAside(options.Directory, options),
                Session(options.Directory, options)));
        _nodes = nodes.ToFrozenDictionary();
        AllNodes = [DirectoryNode, .. DataNodes];
    }

    /// <summary>The name of the directory among the nodes.</summary>
    public static NodeName DirectoryNode { get; } = new("directory");

    public PostgresOptions Options { get; }

    /// <summary>The nodes that hold users' data, by name.</summary>
    public IReadOnlyList<NodeName> DataNodes { get; }

    /// <summary>The directory, then <see cref="DataNodes"/>.</summary>
    public IReadOnlyList<NodeName> AllNodes { get; }

    public NpgsqlDataSource Directory => Primary(DirectoryNode);

    public bool Contains(NodeName node) => _nodes.ContainsKey(node);

    /// <exception cref="NodeUnavailableException">The node is not configured in this process.</exception>
    public NpgsqlDataSource Primary(NodeName node) => Find(node).Primary;

    /// <summary>Empty for a node without followers.</summary>
    /// <exception cref="NodeUnavailableException">The node is not configured in this process.</exception>
    public IReadOnlyList<NpgsqlDataSource> Followers(NodeName node) => Find(node).Followers;

    /// <exception cref="NodeUnavailableException">The node is not configured in this process.</exception>
    public string Region(NodeName node) => Find(node).Region;

    /// <summary>A connection to the primary from the pool.</summary>
    /// <exception cref="NodeUnavailableException">The server can't be reached, refuses, or the pool stayed exhausted.</exception>
    public ValueTask<NpgsqlConnection> OpenAsync(NodeName node, CancellationToken cancellation) => OpenAsync(node, Primary(node), cancellation);

    /// <summary>
    /// A connection to the primary that is nobody else's before or after: for what lives as long as its session, such as a session's advisory
    /// lock or a setting. It is beside the pool and not counted by it.
    /// </summary>
    /// <exception cref="NodeUnavailableException">The server can't be reached or refuses.</exception>
    public async ValueTask<NpgsqlConnection> OpenSessionAsync(NodeName node, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(Find(node).Session);
        try
        {
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (NodeUnavailableException.IsCausedBy(e))
            {
                throw new NodeUnavailableException(node, e);
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values)
        {
            await node.Primary.DisposeAsync().ConfigureAwait(false);
            await node.Aside.DisposeAsync().ConfigureAwait(false);
            foreach (var follower in node.Followers)
            {
                await follower.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    internal async ValueTask<NpgsqlConnection> OpenAsync(NodeName node, NpgsqlDataSource server, CancellationToken cancellation)
    {
        try
        {
            return await server.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (NodeUnavailableException.IsCausedBy(e))
        {
            throw new NodeUnavailableException(node, e);
        }
    }

    /// <summary>A pool of at most two connections to the primary, which a crowd of requests can't exhaust: clock and watching.</summary>
    internal NpgsqlDataSource Aside(NodeName node) => Find(node).Aside;

    private static NpgsqlDataSource Build(string address, PostgresOptions options, ILoggerFactory? loggers)
    {
        var settings = PostgresAddress.Parse(address);
        Default(settings, "Maximum Pool Size", options.MaxPoolSize);
        Default(settings, "Timeout", (int)Math.Ceiling(options.ConnectTimeout.TotalSeconds));
        Default(settings, "Application Name", "insta");
        // Queries are few and fixed, so each connection keeps them prepared.
        Default(settings, "Max Auto Prepare", 100);
        Default(settings, "Auto Prepare Min Usages", 2);
        // Nobody leaves a session's state behind (see OpenSessionAsync), and the reset costs the server as much as a small query.
        Default(settings, "No Reset On Close", true);
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        if (loggers is not null)
        {
            builder.UseLoggerFactory(loggers);
        }

        return builder.Build();
    }

    private static NpgsqlDataSource BuildAside(string address, PostgresOptions options)
    {
        var settings = PostgresAddress.Parse(address);
        settings.MaxPoolSize = 2;
        settings.MinPoolSize = 0;
        Default(settings, "Timeout", (int)Math.Ceiling(options.ConnectTimeout.TotalSeconds));
        Default(settings, "Application Name", "insta");
        return NpgsqlDataSource.Create(settings);
    }

    private static string Session(string address, PostgresOptions options)
    {
        var settings = PostgresAddress.Parse(address);
        settings.Pooling = false;
        Default(settings, "Timeout", (int)Math.Ceiling(options.ConnectTimeout.TotalSeconds));
        Default(settings, "Application Name", "insta");
        return settings.ConnectionString;
    }

    private static void Default(NpgsqlConnectionStringBuilder settings, string keyword, object value)
    {
        if (!settings.ContainsKey(keyword) || !settings.ShouldSerialize(keyword))
        {
            settings[keyword] = Convert.ToString(value, CultureInfo.InvariantCulture);
        }
    }

    private NodeServers Find(NodeName node) => _nodes.TryGetValue(node, out var servers)
        ? servers
        : throw new NodeUnavailableException(node, $"Node {node} is not configured here: set Insta:Postgres:Nodes:{node}:Primary.");

    private sealed record NodeServers(
        string Region, NpgsqlDataSource Primary, NpgsqlDataSource[] Followers, NpgsqlDataSource Aside, string Session);
}
