using Grpc.Core;
using Grpc.Net.Client.Configuration;
using InstaGrpc.Contracts;

namespace InstaGrpc.Mesh.Internal.Client;

/// <summary>The retry policies of a service's contracts in the form that Grpc.Net.Client carries out.</summary>
internal static class ServiceConfigs
{
    public static ServiceConfig Of(IEnumerable<MethodContract> methods)
    {
        var config = new ServiceConfig();
        foreach (var method in methods)
        {
            if (method.Policy.Retry is { } retry)
            {
                config.MethodConfigs.Add(new MethodConfig
                {
                    Names = { new MethodName { Service = method.ServiceFullName, Method = method.Name } },
                    RetryPolicy = new Grpc.Net.Client.Configuration.RetryPolicy
                    {
                        MaxAttempts = retry.MaxAttempts,
                        InitialBackoff = retry.InitialBackoff,
                        MaxBackoff = retry.MaxBackoff,
                        BackoffMultiplier = 2,
                        RetryableStatusCodes = { StatusCode.Unavailable },
                    },
                });
            }
        }

        return config;
    }
}
