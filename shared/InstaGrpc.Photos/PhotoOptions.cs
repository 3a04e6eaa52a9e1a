namespace InstaGrpc.Photos;

/// <summary>Settings of photo bytes, from <c>Insta:Photos</c>.</summary>
public sealed class PhotoOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Photos";

    /// <summary>Folder of the blobs and variants, where no bucket is named, and of uploads on their way. All processes of the roles <c>media</c> and
    /// <c>gateway</c> need the same. "blobs" below the working directory by default; <c>insta up</c> names one in its data folder.</summary>
    public string Folder { get; set; } = "blobs";

    /// <summary>The S3 API instead of the folder.</summary>
    public S3Settings S3 { get; set; } = new();

    /// <summary>Bytes of a photo. 30 MiB by default. More needs <c>Insta:Gateway:LargestUpload</c>, too, and the web app has a limit of its own
    /// (<c>maxBytes</c> in services/Gateway/web/src/api/upload.ts).</summary>
    public int MostBytes { get; set; } = 30 * 1024 * 1024;

    /// <summary>Pixels of a photo. 100 million by default.</summary>
    public long MostPixels { get; set; } = 100_000_000;

    /// <summary>How long an upload may send nothing. 30 s by default.</summary>
    public TimeSpan UploadSilence { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Child processes that decode, each one photo at a time. 2 by default, and one more for HEIC where there is any.</summary>
    public int Decoders { get; set; } = 2;

    /// <summary>Bytes of address space that a child process may use beyond what it starts with. 1 GiB by default; 0: no limit.</summary>
    public long DecoderMemory { get; set; } = 1024L * 1024 * 1024;

    /// <summary>Processor time that one photo may take. 20 s by default.</summary>
    public TimeSpan DecoderCpu { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Time that one photo may take, and the start of a child process. 30 s by default.</summary>
    public TimeSpan DecoderTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The executable <c>insta</c>, for the child processes. By default the one beside this program.</summary>
    public string? DecoderProgram { get; set; }

    /// <summary>Path of libvips for JPEG, PNG and WebP. By default what <c>./insta</c> has installed from npm (the variable <c>INSTA_LIBVIPS</c>), else the
    /// system's.</summary>
    public string? Libvips { get; set; }

    /// <summary>Path or name of a libvips that reads HEIC. The system's by default.</summary>
    public string HeicLibvips { get; set; } = "libvips.so.42";

    /// <summary>Bytes of variants that are kept in the folder; the oldest go. 10 GiB by default. A bucket has rules of its own for that.</summary>
    public long VariantBytes { get; set; } = 10L * 1024 * 1024 * 1024;

    /// <summary>Bytes above which a lower quality is tried for a variant. 200 KB by default.</summary>
    public int VariantBudget { get; set; } = 200_000;

    /// <summary>Age at which a photo goes to the warm tier. 30 days by default.</summary>
    public TimeSpan WarmAfter { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Age at which a photo goes to the cold tier. 365 days by default.</summary>
    public TimeSpan ColdAfter { get; set; } = TimeSpan.FromDays(365);

    /// <summary>How long a photo stays that is in no post. 24 h by default.</summary>
    public TimeSpan UnreferencedLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a reference stays whose post was never made. 1 h by default.</summary>
    public TimeSpan OrphanLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How often tiers, references and unreferenced photos are looked after. 1 min by default.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Addresses of edge caches, as http://edge:6081, that are sent PURGE for every URL of a deleted photo. None by default.</summary>
    public IList<string> Edges { get; set; } = [];

    /// <summary>A bucket of the S3 API.</summary>
    public sealed class S3Settings
    {
        /// <summary>The hot tier's and the variants'. Empty (the default): photos are kept in the folder.</summary>
        public string Bucket { get; set; } = "";

        /// <summary>The warm tier's. The same by default; tiers have a prefix each.</summary>
        public string WarmBucket { get; set; } = "";

        /// <summary>The cold tier's. The same by default.</summary>
        public string ColdBucket { get; set; } = "";

        /// <summary>Storage class of the warm tier, as STANDARD_IA. The bucket's own by default.</summary>
        public string WarmStorageClass { get; set; } = "";

        /// <summary>Storage class of the cold tier. The bucket's own by default.</summary>
        public string ColdStorageClass { get; set; } = "";

        /// <summary>As http://127.0.0.1:9000, for servers that are not Amazon's; addressed by path.</summary>
        public string ServiceUrl { get; set; } = "";

        /// <summary>us-east-1 by default.</summary>
        public string Region { get; set; } = "us-east-1";

        /// <summary>Empty (the default): the machine's own credentials, where Amazon's library looks for them.</summary>
        public string AccessKey { get; set; } = "";

        /// <summary>Belongs to the access key.</summary>
        public string SecretKey { get; set; } = "";

        /// <summary>Bytes of a part of a large object. 5 MiB, the least that S3 takes, by default.</summary>
        public long PartBytes { get; set; } = 5 * 1024 * 1024;
    }
}
