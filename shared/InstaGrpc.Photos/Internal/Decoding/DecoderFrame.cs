using System.Buffers.Binary;

namespace InstaGrpc.Photos.Internal.Decoding;

/// <summary>
/// What goes over the two pipes of a decoder's child process, little-endian. A request is 32 bytes and the photo; an answer 32 bytes and what came of it.
/// One request at a time. The child's first answer, unasked, is its libvips' version.
/// <code>
/// request:  0 kind, 1 square, 2 format, 3 quality, 4 least quality, 8 width, 12 budget, 16 least likeness (float), 20 length, 24 most pixels (int64)
/// answer:   0 refused, 1 format, 2 quality, 4 width, 8 height, 12 length, 16 bytes of the photo that are kept
/// </code>
/// </summary>
internal static class DecoderFrame
{
    public const int Bytes = 32;

    public const byte Inspect = 1;
    public const byte Render = 2;
    public const byte Pixels = 3;

    public static byte[] Request(byte kind, RenderRequest request, int length, long mostPixels)
    {
        var frame = new byte[Bytes];
        (frame[0], frame[1], frame[2]) = (kind, request.IsSquare ? (byte)1 : (byte)0, (byte)request.Format);
        (frame[3], frame[4]) = ((byte)request.Quality, (byte)request.LeastQuality);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(8), request.Width);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(12), request.Budget);
        BinaryPrimitives.WriteSingleLittleEndian(frame.AsSpan(16), request.LeastLikeness);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(20), length);
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(24), mostPixels);
        return frame;
    }

    public static (byte Kind, RenderRequest Request, int Length, long MostPixels) ReadRequest(ReadOnlySpan<byte> frame) => (
        frame[0],
        new RenderRequest(BinaryPrimitives.ReadInt32LittleEndian(frame[8..]), frame[1] != 0, (PhotoFormat)frame[2], frame[3])
        {
            LeastQuality = frame[4],
            Budget = BinaryPrimitives.ReadInt32LittleEndian(frame[12..]),
            LeastLikeness = BinaryPrimitives.ReadSingleLittleEndian(frame[16..]),
        },
        BinaryPrimitives.ReadInt32LittleEndian(frame[20..]),
        BinaryPrimitives.ReadInt64LittleEndian(frame[24..]));

    public static byte[] Answer(bool refused, PhotoFormat format, int quality, int width, int height, int length, int kept = 0)
    {
        var frame = new byte[Bytes];
        (frame[0], frame[1], frame[2]) = (refused ? (byte)1 : (byte)0, (byte)format, (byte)quality);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), width);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(8), height);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(12), length);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(16), kept);
        return frame;
    }

    public static DecoderAnswer ReadAnswer(ReadOnlySpan<byte> frame, byte[] payload) => new(
        frame[0] != 0,
        (PhotoFormat)frame[1],
        frame[2],
        BinaryPrimitives.ReadInt32LittleEndian(frame[4..]),
        BinaryPrimitives.ReadInt32LittleEndian(frame[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(frame[16..]),
        payload);

    public static int LengthOf(ReadOnlySpan<byte> answer) => BinaryPrimitives.ReadInt32LittleEndian(answer[12..]);

    public static byte[] Write(IReadOnlyList<PhotoPatch> patches)
    {
        var bytes = new byte[patches.Sum(static patch => 8 + patch.Bytes.Length)];
        var at = 0;
        foreach (var patch in patches)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), patch.Offset);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 4), patch.Bytes.Length);
            patch.Bytes.Span.CopyTo(bytes.AsSpan(at + 8));
            at += 8 + patch.Bytes.Length;
        }

        return bytes;
    }

    /// <exception cref="InvalidDataException">They are not all inside the photo: whoever wrote them is not what we started.</exception>
    public static List<PhotoPatch> ReadPatches(ReadOnlyMemory<byte> bytes, int photo)
    {
        var patches = new List<PhotoPatch>();
        while (bytes.Length >= 8)
        {
            var offset = BinaryPrimitives.ReadInt32LittleEndian(bytes.Span);
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.Span[4..]);
            if (offset < 0 || length < 0 || length > bytes.Length - 8 || offset > photo - length)
            {
                throw new InvalidDataException($"{length} bytes at {offset} of a photo of {photo} bytes");
            }

            patches.Add(new PhotoPatch(offset, bytes.Slice(8, length)));
            bytes = bytes[(8 + length)..];
        }

        return patches;
    }
}
