namespace InstaGrpc.Robustness.Model.Slot;

public enum SlotFault
{
    None,

    /// <summary>Reset is sent as soon as the slot is there, although a commit that it missed still waits to become visible.</summary>
    ResetAtOnce,
}
