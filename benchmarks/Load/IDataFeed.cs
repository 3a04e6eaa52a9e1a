namespace InstaGrpc.Load;

/// <summary>Data for iterations, made by <see cref="DataFeed"/>. Safe to use from many at once.</summary>
public interface IDataFeed<out T>
{
    T GetNextItem(IScenarioContext context);
}
