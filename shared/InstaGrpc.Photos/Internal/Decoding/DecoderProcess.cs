using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace InstaGrpc.Photos.Internal.Decoding;

/// <summary>One child process. Whoever holds it sends one request at a time; after any failure it is done for.</summary>
internal sealed class DecoderProcess : IDisposable
{
    private const int Chunk = 64 * 1024;
    private const int MostErrorLines = 8;

    // More than PhotoPatches.Most: so much of the child's answer is held here. A variant has a few hundred KB; pixels are asked for by tests and benchmarks.
    private const int MostOfInspection = 2 * 1024 * 1024;
    private const int MostOfVariant = 32 * 1024 * 1024;
    private const int MostOfPixels = 512 * 1024 * 1024;

    private readonly Process _process;
    private readonly Stream _requests;
    private readonly Stream _answers;
    private readonly ConcurrentQueue<string> _errors = new();

    private DecoderProcess(Process process)
    {
        _process = process;
        (_requests, _answers) = (process.StandardInput.BaseStream, process.StandardOutput.BaseStream);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text && _errors.Count < MostErrorLines)
            {
                _errors.Enqueue(text);
            }
        };
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    /// <summary>Of its libvips.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Starts one and waits until it can be asked.</summary>
    /// <exception cref="IOException">It did not start; the message says why.</exception>
    public static async Task<DecoderProcess> StartAsync(string program, string libvips, PhotoOptions options, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
            ArgumentList =
            {
                DecoderChild.Command, libvips, options.DecoderMemory.ToString(CultureInfo.InvariantCulture),
                Math.Ceiling(options.DecoderCpu.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            },
        };
        Furnish(start.Environment);
        var child = new DecoderProcess(Process.Start(start) ?? throw new IOException($"{program} could not be started"));
        try
        {
            child.Version = Encoding.UTF8.GetString((await child.AnswerAsync(MostOfInspection, cancellation).ConfigureAwait(false)).Payload);
            return child;
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    /// <exception cref="IOException">It is gone.</exception>
    /// <exception cref="UnreadablePhotoException">The photo ended or failed before its end: the child has done nothing wrong.</exception>
    public async Task<DecoderAnswer> AskAsync(ReadOnlyMemory<byte> frame, Stream photo, byte[] buffer, CancellationToken cancellation)
    {
        await _requests.WriteAsync(frame, cancellation).ConfigureAwait(false);
        for (int read; (read = await ReadAsync(photo, buffer, cancellation).ConfigureAwait(false)) > 0;)
        {
            await _requests.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
        }

        await _requests.FlushAsync(cancellation).ConfigureAwait(false);
        var most = frame.Span[0] switch
        {
            DecoderFrame.Inspect => MostOfInspection,
            DecoderFrame.Pixels => MostOfPixels,
            _ => MostOfVariant,
        };
        return await AnswerAsync(most, cancellation).ConfigureAwait(false);
    }

    public void Dispose()
    {
        try
        {
            // Not asked to end: it may be in the middle of a photo that never does.
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }

        _process.Dispose();
    }

    private static async ValueTask<int> ReadAsync(Stream photo, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await photo.ReadAsync(buffer, cancellation).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new UnreadablePhotoException(e);
        }
    }

    private async Task<DecoderAnswer> AnswerAsync(int most, CancellationToken cancellation)
    {
        var frame = new byte[DecoderFrame.Bytes];
        try
        {
            await _answers.ReadExactlyAsync(frame, cancellation).ConfigureAwait(false);
            var length = DecoderFrame.LengthOf(frame);
            if (length < 0 || length > most)
            {
                throw new IOException($"it answered with {length} bytes");
            }

            var payload = new byte[length];
            await _answers.ReadExactlyAsync(payload, cancellation).ConfigureAwait(false);
            return DecoderFrame.ReadAnswer(frame, payload);
        }
        catch (EndOfStreamException)
        {
            await _process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            throw new IOException($"it ended with code {_process.ExitCode}{(_errors.IsEmpty ? "" : ": ")}{string.Join("; ", _errors)}");
        }
    }

    /// <summary>Nothing of this process' variables, which may hold secrets; what the runtime needs, and what keeps it small: its heap is reserved before the
    /// limit on the address space is set, and native memory goes back instead of into an arena a thread.</summary>
    private static void Furnish(IDictionary<string, string?> environment)
    {
        var kept = new[] { "PATH", "DOTNET_ROOT", "LD_LIBRARY_PATH", "HOME", "TMPDIR" }.Select(name => (name, environment.TryGetValue(name, out var value) ? value : null)).ToArray();
        environment.Clear();
        foreach (var (name, value) in kept)
        {
            if (value is not null)
            {
                environment[name] = value;
            }
        }

        environment["DOTNET_GCHeapHardLimit"] = "0x10000000";
        environment["DOTNET_gcServer"] = "0";
        environment["DOTNET_gcConcurrent"] = "0";
        environment["DOTNET_EnableDiagnostics"] = "0";
        environment["DOTNET_EnableWriteXorExecute"] = "0";
        environment["DOTNET_TieredPGO"] = "0";
        environment["MALLOC_ARENA_MAX"] = "2";
        environment["VIPS_WARNING"] = "0";
    }

    internal static byte[] NewBuffer() => new byte[Chunk];
}
