namespace InstaGrpc.Services.Gateway;

/// <summary>Settings of the role <c>gateway</c>, from <c>Insta:Gateway</c>.</summary>
public sealed class GatewayOptions
{
    /// <summary>Where it is bound from.</summary>
    public const string Section = "Insta:Gateway";

    /// <summary>Who issues access tokens: their <c>iss</c>.</summary>
    /// <value>"insta".</value>
    public string Issuer { get; set; } = "insta";

    /// <summary>For how long an access token is good. A user who was deleted, or whose session was revoked, has it until then.</summary>
    /// <value>15 min.</value>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a session lasts that nobody uses.</summary>
    /// <value>60 days.</value>
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromDays(60);

    /// <summary>
    /// Within this time the last refresh token, sent again, gets the same successor: a phone whose answer was lost, or two pages of one browser.
    /// After it, or when the successor was used, it counts as stolen. Zero: at once.
    /// </summary>
    /// <value>10 s.</value>
    public TimeSpan RefreshGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>After this time a new key signs access tokens.</summary>
    /// <value>30 days.</value>
    public TimeSpan SigningKeyAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How often each process looks for keys. A new one signs only after three times this, when every process knows it.
    /// </summary>
    /// <value>1 min.</value>
    public TimeSpan KeyPoll { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// 32 bytes in base64 with which keys are encrypted in the directory database; the same for all processes of the role.
    /// </summary>
    /// <value>Empty: they stand there as they are.</value>
    public string KeyEncryptionKey { get; set; } = "";

    /// <summary>Iterations of PBKDF2-HMAC-SHA512 for new passwords; older hashes are made anew when their user signs in.</summary>
    /// <value>210,000, as OWASP recommends.</value>
    public int PasswordIterations { get; set; } = 210_000;

    /// <summary>Passwords that are hashed at a time in this process; 0: half of the processors, at least one.</summary>
    /// <value>0.</value>
    public int PasswordHashers { get; set; }

    /// <summary>Sign-ins that wait for a hasher; one more is refused.</summary>
    /// <value>16.</value>
    public int MostWaitingPasswords { get; set; } = 16;

    /// <summary>The URL under which the outside reaches the role, before the paths of uploads: "https://photos.example.org".</summary>
    /// <value>Empty: paths alone, as pages of this origin need them.</value>
    public string PublicUrl { get; set; } = "";

    /// <summary>The largest photo, in bytes, that an upload URL is given for. More needs <c>Insta:Photos:MostBytes</c> of the role media, too, which
    /// would refuse the upload at its end; the web app refuses more than 30 MiB by itself (<c>maxBytes</c> in web/src/api/upload.ts).</summary>
    /// <value>30 MiB.</value>
    public long LargestUpload { get; set; } = 30 * 1024 * 1024;

    /// <summary>For how long an upload may be begun under its URL.</summary>
    /// <value>10 min.</value>
    public TimeSpan UploadUrlLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>After this time an upload that is still coming in is given up.</summary>
    /// <value>10 min.</value>
    public TimeSpan UploadLimit { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The folder of the built web app.</summary>
    /// <value>Empty: <c>wwwroot</c> beside the executable, or services/Gateway/wwwroot of the checkout that it was built in.</value>
    public string WebRoot { get; set; } = "";

    /// <summary>
    /// Networks that may look at <c>/ops</c>, and at <c>/metrics</c> and <c>/process.json</c>, on a port for outside, beside this machine:
    /// "10.0.0.0/8". Behind a proxy nobody is on this machine.
    /// </summary>
    /// <value>Empty: none.</value>
    public IList<string> OpsNetworks { get; set; } = [];

    /// <summary>
    /// Where the other processes are whose figures <c>/ops</c> shows, each a listener that lets this one read <c>/process.json</c>: "http://host:8081".
    /// A name of several addresses stands for as many processes, all of them asked (not with https: a certificate is for the name).
    /// </summary>
    /// <value>Empty: only this process.</value>
    public IList<string> OpsProcesses { get; set; } = [];
}
