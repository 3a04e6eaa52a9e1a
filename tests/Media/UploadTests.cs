using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using InstaGrpc.Contracts.MediaV1;
using InstaGrpc.Photos;

namespace InstaGrpc.Media.Tests;

public class UploadTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    [Fact]
    public async Task TheSameBytesAreStoredOnceHoweverTheyAreCutAndWhoeverSendsThem()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var (one, two) = (await mesh.UserAsync("n1", 1), await mesh.UserAsync("n2", 2));
        var photo = GeneratedPicture.Png(1, 320, 240);

        var first = await mesh.UploadAsync(one, photo);
        var answers = await Task.WhenAll(Enumerable.Range(1, 4).Select(n => mesh.UploadAsync(two, photo, 1000 * n)));

        Assert.Equal(new UploadResponse { BlobId = Convert.ToHexStringLower(SHA256.HashData(photo)), Width = 320, Height = 240 }, first);
        Assert.All(answers, answer => Assert.Equal(first, answer));
        Assert.Equal(photo, await File.ReadAllBytesAsync(Assert.Single(mesh.Files)));
    }

    [Fact]
    public async Task WhatIsNoPhotoIsRefusedInWordsAndLeavesNothing()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var photo = GeneratedPicture.Png(1, 320, 240);
        (byte[] File, string Says)[] wrong =
        [
            ("hello"u8.ToArray(), "not an image"),
            ("<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"u8.ToArray(), "SVG"),
            (photo[..^100], "cut off"),
            ([.. photo, .. "<script>alert(1)</script>"u8], "hidden"),
        ];
        foreach (var (file, says) in wrong)
        {
            var refusal = await Assert.ThrowsAsync<RpcException>(() => mesh.UploadAsync(user, file));
            Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
            Assert.Contains(says, refusal.Status.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => mesh.UploadAsync(user, photo, 64 * 1024 + 1))).StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => mesh.UploadAsync(user, []))).StatusCode);
        Assert.Empty(mesh.Files);
        Assert.Equal(0, await BlobsAsync(mesh));
    }

    [Fact]
    public async Task APhotoLargerThanTheLimitIsRefusedBeforeItIsWhole()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers, new KeyValuePair<string, string?>("Insta:Photos:MostBytes", "100000"));
        var user = await mesh.UserAsync("n1", 1);
        var refusal = await Assert.ThrowsAsync<RpcException>(() => mesh.UploadAsync(user, new byte[200_000]));
        // The server may have closed the stream while the client was still sending.
        Assert.Contains(refusal.StatusCode, (StatusCode[])[StatusCode.InvalidArgument, StatusCode.Unavailable, StatusCode.Internal]);
        await NothingIsLeftAsync(mesh);
    }

    [Fact]
    public async Task AnInterruptedUploadLeavesNothing()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var photo = GeneratedPicture.Png(1, 640, 480);
        using (var call = mesh.As(user).Upload())
        {
            await call.RequestStream.WriteAsync(new UploadRequest { Chunk = ByteString.CopyFrom(photo.AsSpan(0, 60_000)) });
            await Patience.UntilAsync(() => mesh.Files.Count == 1, "its file is there");
        }

        await NothingIsLeftAsync(mesh);
        Assert.Equal(0, await BlobsAsync(mesh));
    }

    [Fact]
    public async Task AnUploadThatFallsSilentIsEnded()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers, new KeyValuePair<string, string?>("Insta:Photos:UploadSilence", "00:00:00.2"));
        var user = await mesh.UserAsync("n1", 1);
        using var call = mesh.As(user).Upload();
        await call.RequestStream.WriteAsync(new UploadRequest { Chunk = ByteString.CopyFrom(GeneratedPicture.Png(1, 64, 48)) });
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode);
        await NothingIsLeftAsync(mesh);
    }

    [Fact]
    public async Task WhereAPhotoWasTakenIsNotStored()
    {
        await using var mesh = await MediaMesh.StartAsync(servers.Servers);
        var user = await mesh.UserAsync("n1", 1);
        var photo = TaggedPhoto.WithText(GeneratedPicture.Png(1, 64, 48), """<x:xmpmeta exif:GPSLatitude="48,8.1N" exif:Model="kept"/>""");

        var uploaded = await mesh.UploadAsync(user, photo);

        var stored = await File.ReadAllBytesAsync(Assert.Single(mesh.Files));
        Assert.Equal(uploaded.BlobId, Convert.ToHexStringLower(SHA256.HashData(stored)));
        Assert.Equal(photo.Length, stored.Length);
        Assert.True(photo.AsSpan().IndexOf("48,8.1N"u8) > 0);
        Assert.True(stored.AsSpan().IndexOf("48,8.1N"u8) < 0);
        Assert.True(stored.AsSpan().IndexOf("kept"u8) > 0);
    }

    private static Task NothingIsLeftAsync(MediaMesh mesh) =>
        Patience.UntilAsync(() => mesh.Files.Count == 0, "no file is left");

    private static async Task<long> BlobsAsync(MediaMesh mesh)
    {
        var rows = 0L;
        foreach (var node in mesh.Nodes.Nodes.Values)
        {
            rows += await node.QueryAsync<long>("SELECT count(*) FROM blobs");
        }

        return rows;
    }
}
