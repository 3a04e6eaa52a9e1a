using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using InstaGrpc.Photos.Internal.Decoding;
using InstaGrpc.Photos.Internal.Vips;

namespace InstaGrpc.Photos;

/// <summary>The child process that decodes photos: <c>insta decode LIBVIPS MEMORY CPU</c>. Requests come over standard input, answers go to standard
/// output, and it ends with its input.</summary>
public static unsafe class DecoderChild
{
    /// <summary>The command's name.</summary>
    public const string Command = "decode";

    // What one photo needed is given back when it was more than this.
    private const int KeptBytes = 8 * 1024 * 1024;

    /// <param name="args">Path of libvips, bytes of memory, seconds of processor time a photo; 0: no limit.</param>
    /// <returns>The exit code.</returns>
    public static int Run(ReadOnlySpan<string> args)
    {
        if (args is not [var library, var memory, var cpu])
        {
            Console.Error.WriteLine("insta: decode is started by the roles that serve photos: LIBVIPS MEMORY CPU");
            return 2;
        }

        var vips = VipsLibrary.Load(library);
        using var input = Console.OpenStandardInput();
        using var output = Console.OpenStandardOutput();
        ResourceLimits.SetSignals();
        ResourceLimits.Apply(long.Parse(memory, CultureInfo.InvariantCulture));
        Answer(output, DecoderFrame.Answer(false, 0, 0, 0, 0, vips.Version.Length), Encoding.UTF8.GetBytes(vips.Version));
        Serve(new PhotoRenderer(vips), input, output, int.Parse(cpu, CultureInfo.InvariantCulture));
        return 0;
    }

    private static void Serve(PhotoRenderer renderer, Stream input, Stream output, int cpuSeconds)
    {
        var frame = new byte[DecoderFrame.Bytes];
        byte* photo = null;
        var room = 0;
        while (input.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length)
        {
            var (kind, request, length, mostPixels) = DecoderFrame.ReadRequest(frame);
            if (length > room || room > KeptBytes)
            {
                NativeMemory.Free(photo);
                photo = (byte*)NativeMemory.Alloc((nuint)length);
                room = length;
            }

            input.ReadExactly(new Span<byte>(photo, length));
            ResourceLimits.GiveCpu(cpuSeconds);
            try
            {
                if (kind == DecoderFrame.Inspect)
                {
                    var facts = renderer.Inspect(photo, length, mostPixels);
                    var patches = DecoderFrame.Write(facts.Patches);
                    Answer(output, DecoderFrame.Answer(false, facts.Format, 0, facts.Width, facts.Height, patches.Length, facts.Length), patches);
                }
                else
                {
                    var made = kind == DecoderFrame.Render ? renderer.Render(photo, length, request) : renderer.Pixels(photo, length, request);
                    Answer(output, DecoderFrame.Answer(false, request.Format, made.Quality, made.Width, made.Height, made.Bytes.Length), made.Bytes);
                }
            }
            catch (PhotoRefusedException e)
            {
                var why = Encoding.UTF8.GetBytes(e.Message);
                Answer(output, DecoderFrame.Answer(true, 0, 0, 0, 0, why.Length), why);
            }
        }
    }

    private static void Answer(Stream output, byte[] frame, byte[] payload)
    {
        output.Write(frame);
        output.Write(payload);
    }
}
