namespace InstaGrpc.Robustness.Model.Contract;

public enum ContractAction
{
    ProcessInsertsContract,
    InsertCommits,
    ContractEnds,
    ChangesRefusesContract,
    ChangesPublishesTable,
    ChangesStoresLsn,
    WriterWrites,
    WriterCommits,
    InvalidatorAppliesPosition,
    InvalidatorHonoursNumber,
    InvalidatorPassesOver,
    NewLineageTakesOver,
    ProcessCaches,
    ProcessHits,
}
