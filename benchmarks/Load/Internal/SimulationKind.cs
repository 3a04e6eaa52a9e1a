namespace InstaGrpc.Load;

internal enum SimulationKind
{
    KeepConstant,
    RampingConstant,
    Inject,
    RampingInject,
    InjectRandom,
    Burst,
    Pause,
}
