using InstaGrpc.Mesh;

namespace InstaGrpc.Services.Gateway.Sessions;

/// <summary>
/// Hashes passwords, a few at a time: each takes a processor for a good part of a second, and whoever guesses passwords must not take them all
/// from those who look at photos.
/// </summary>
internal sealed class PasswordHashing(GatewayOptions options) : IDisposable
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _hashers = new(options.PasswordHashers > 0 ? options.PasswordHashers : Math.Max(1, Environment.ProcessorCount / 2));
    private int _waiting;

    public Task<PasswordHash> HashAsync(string password, CancellationToken cancellation) =>
        RunAsync(() => PasswordHash.Of(password, options.PasswordIterations), cancellation);

    /// <summary>Whether the password is the one; takes as long without a hash.</summary>
    public Task<bool> VerifyAsync(string password, PasswordHash? stored, CancellationToken cancellation) => RunAsync(
        () => (stored ?? PasswordHash.OfNobody(options.PasswordIterations)).Fits(password) && stored is not null, cancellation);

    /// <summary>Whether the hash is as a new one would be.</summary>
    public bool IsCurrent(PasswordHash stored) => stored.Iterations >= options.PasswordIterations;

    public void Dispose() => _hashers.Dispose();

    /// <exception cref="ResourceExhaustedException">Too many wait already.</exception>
    private async Task<T> RunAsync<T>(Func<T> hash, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _waiting) > options.MostWaitingPasswords)
        {
            Interlocked.Decrement(ref _waiting);
            throw new ResourceExhaustedException("too many sign in at this moment", _pause);
        }

        try
        {
            await _hashers.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        try
        {
            return await Task.Run(hash, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _hashers.Release();
        }
    }
}
