namespace InstaGrpc.Host.Configuration;

/// <summary>What the process itself reads, whatever its roles: where it listens and how it logs.</summary>
public sealed class ProcessOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta";

    /// <summary>The section <c>Insta:Grpc</c>.</summary>
    public GrpcOptions Grpc { get; set; } = new();

    /// <summary>The section <c>Insta:Web</c>.</summary>
    public WebOptions Web { get; set; } = new();

    /// <summary>The section <c>Insta:Ops</c>.</summary>
    public OpsOptions Ops { get; set; } = new();

    /// <summary>The section <c>Insta:Log</c>.</summary>
    public LogOptions Log { get; set; } = new();

    /// <summary>
    /// How long an orderly stop may take: what runs is finished, then slots, lineages and windows of ids are handed over. Calls that last longer
    /// are broken off 2 s before it.
    /// </summary>
    /// <value>25 s: less than the 30 s that Kubernetes gives a pod. `insta up` has 6 s.</value>
    public TimeSpan StopLimit { get; set; } = TimeSpan.FromSeconds(25);

    public static ProcessOptions Of(IConfiguration configuration) => configuration.GetSection(Section).Get<ProcessOptions>() ?? new();

    public sealed class GrpcOptions
    {
        /// <summary>ADDRESS:PORT of gRPC without TLS; port 0: the kernel's choice.</summary>
        /// <value>127.0.0.1:7070.</value>
        public string Listen { get; set; } = $"127.0.0.1:{RoleHost.DefaultGrpcPort}";

        /// <summary>The URL under which other processes reach this one, where they can't be told by <see cref="Listen"/>.</summary>
        /// <value>Null: by <see cref="Listen"/>.</value>
        public string? Advertise { get; set; }

        /// <summary>The URL that commands call (<c>insta call</c>, <c>insta import</c>), where <c>Insta:Services</c> names no other for a service.</summary>
        /// <value>Null: by <see cref="Listen"/>.</value>
        public string? Address { get; set; }
    }

    public sealed class WebOptions
    {
        /// <summary>ADDRESS:PORT of web, health and metrics; port 0: the kernel's choice.</summary>
        /// <value>127.0.0.1:8080.</value>
        public string Listen { get; set; } = $"127.0.0.1:{RoleHost.DefaultWebPort}";
    }

    public sealed class OpsOptions
    {
        /// <summary>ADDRESS:PORT of one more web listener, for scrapers and operators: where the outside reaches <see cref="Web"/>, metrics and
        /// <c>/ops</c> can be had here by everybody who reaches it.</summary>
        /// <value>Empty: none.</value>
        public string Listen { get; set; } = "";
    }

    public sealed class LogOptions
    {
        /// <summary>"json", "text" or "auto".</summary>
        /// <value>"auto": text on a terminal, JSON everywhere else.</value>
        public string Format { get; set; } = "auto";
    }
}
