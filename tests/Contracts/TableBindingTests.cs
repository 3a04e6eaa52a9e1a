using InstaGrpc.Contracts.InvalidatorV1;

namespace InstaGrpc.Contracts.Tests;

public sealed class TableBindingTests
{
    private static readonly MethodContract s_resolveName =
        ContractCatalog.Read(InstaContracts.Services)["insta.graph.v1.GraphService/ResolveName"];

    [Theory]
    [InlineData("text", KeyType.Text)]
    [InlineData("varchar", KeyType.Text)]
    [InlineData("uuid", KeyType.Uuid)]
    public void ABoundColumnsTypeIsTheKeys(string type, KeyType expected)
    {
        var bound = TableBinding.Resolve(s_resolveName, _ => Names(new ColumnFacts("name", type, InReplicaIdentity: true)));

        Assert.Empty(bound.Faults);
        Assert.Equal([expected], bound.Types);
    }

    [Fact]
    public void EveryFaultOfATableIsSaid()
    {
        Says("does not exist on this node", null);
        Says("has no column \"name\"", Names());
        Says("is a view", new TableFacts("names", "is a view", [new ColumnFacts("name", "text", true)]));
        Says("is not in the table's replica identity", Names(new ColumnFacts("name", "text", InReplicaIdentity: false)));
        Says("has a nondeterministic collation", Names(new ColumnFacts("name", "text", true, HasDeterministicCollation: false)));
        Says("is numeric", Names(new ColumnFacts("name", "numeric", true)));
        Says("field \"name\" (string) is bound to column \"name\" of \"names\" (int8)", Names(new ColumnFacts("name", "int8", true)));
    }

    private static TableFacts Names(params ColumnFacts[] columns) => new("names", null, columns);

    private static void Says(string problem, TableFacts? table)
    {
        var bound = TableBinding.Resolve(s_resolveName, _ => table);

        Assert.Contains(bound.Faults, f => f.Problem.Contains(problem, StringComparison.Ordinal) && f.Fix.Length > 0);
        Assert.Empty(bound.Types);
    }
}
