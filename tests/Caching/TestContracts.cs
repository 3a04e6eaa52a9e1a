using InstaGrpc.Caching.Tests.Protos;
using InstaGrpc.Contracts;

namespace InstaGrpc.Caching.Tests;

/// <summary>The contracts of Protos/caching_tests.proto.</summary>
internal static class TestContracts
{
    public static ContractCatalog Catalog { get; } = ContractCatalog.Read([ThingService.Descriptor]);

    public static MethodContract Thing => Of("GetThing");

    public static MethodContract Count => Of("GetCount");

    public static MethodContract Copied => Of("GetCopied");

    public static MethodContract Brief => Of("GetBrief");

    public static MethodContract Own => Of("GetOwn");

    public static MethodContract Parts => Of("ListParts");

    public static MethodContract ByAll => Of("GetByAll");

    private static MethodContract Of(string method) => Catalog[$"insta.caching.tests.v1.ThingService/{method}"];
}
