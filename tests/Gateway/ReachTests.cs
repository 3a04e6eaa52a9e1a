using System.Net;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using InstaGrpc.Contracts.AppV1;
using InstaGrpc.Contracts.FeedV1;
using InstaGrpc.Contracts.GraphV1;
using InstaGrpc.Contracts.IdV1;
using InstaGrpc.Contracts.MediaV1;

namespace InstaGrpc.Gateway.Tests;

/// <summary>What the outside reaches.</summary>
public sealed class ReachTests(AssemblyServers servers) : IClassFixture<AssemblyServers>
{
    private const string Unauthenticated = "16";
    private const string Unimplemented = "12";

    // Who has no token yet calls these, and nothing else.
    private static readonly string[] _forEverybody = ["SignUp", "SignIn", "Refresh"];

    private static readonly ServiceDescriptor[] _served =
    [
        AppService.Descriptor, IdService.Descriptor, MediaService.Descriptor, GraphService.Descriptor, FeedService.Descriptor,
    ];

    [Fact]
    public async Task NoMethodIsReachedWithoutADecision()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        List<string> methods =
        [
            .. _served.SelectMany(static service => service.Methods).Select(static method => $"{method.Service.FullName}/{method.Name}"),
            "grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch", "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "insta.app.v1.AppService/Nothing", "insta.nothing.v1.Nothing/Nothing",
        ];

        foreach (var method in methods)
        {
            // Nobody, and somebody who says that he is an operator: the same.
            foreach (var caller in (string[])["", "admin", "service:feed", "user:1"])
            {
                using var answer = await mesh.PostAsync(
                    method, new GetPostRequest(), headers: caller.Length == 0 ? [] : [("insta-caller", caller), ("insta-on-behalf-of", "5")]);
                var (status, _) = await WebFrames.StatusAsync(answer);

                var isApp = AppService.Descriptor.Methods.Any(known => method == $"{AppService.Descriptor.FullName}/{known.Name}");
                if (!isApp)
                {
                    Assert.True(status == Unimplemented, $"{method} as '{caller}' answered {status}");
                }
                else if (!_forEverybody.Contains(method.Split('/')[1]))
                {
                    Assert.True(status == Unauthenticated, $"{method} as '{caller}' answered {status}");
                }
            }
        }
    }

    [Fact]
    public async Task WhatEverybodyMayCallIsWhatOneCallsWithoutAToken()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        foreach (var method in AppService.Descriptor.Methods)
        {
            using var answer = await mesh.PostAsync($"{AppService.Descriptor.FullName}/{method.Name}", Empty());
            var (status, _) = await WebFrames.StatusAsync(answer);

            // What they refuse is the empty request.
            Assert.Equal(_forEverybody.Contains(method.Name) ? "3" : Unauthenticated, status);
        }
    }

    [Fact]
    public async Task AMethodOfTheAppIsReachedWithATokenOnBothListeners()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);
        var session = await mesh.SessionAsync();

        using var answer = await mesh.PostAsync("insta.app.v1.AppService/Home", new HomeRequest(), session: session);
        var (status, frames) = await WebFrames.StatusAsync(answer);

        Assert.Equal("0", status);
        Assert.Empty(HomeResponse.Parser.ParseFrom(Assert.Single(frames!.Messages)).Posts);
        Assert.Empty((await mesh.AppAs(session).HomeAsync(new HomeRequest())).Posts);
    }

    [Fact]
    public async Task NativeGrpcOverHttp1IsToldWhatToDo()
    {
        var mesh = await SharedMesh.GetAsync(servers.Servers);

        using var answer = await mesh.PostAsync("insta.app.v1.AppService/Home", new HomeRequest(), "application/grpc");

        Assert.Equal(HttpStatusCode.UpgradeRequired, answer.StatusCode);
        Assert.Contains("gRPC needs HTTP/2", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static IMessage Empty() => new HomeRequest();
}
