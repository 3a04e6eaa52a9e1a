using System.Runtime.InteropServices;
using InstaGrpc.Load.Command;

// The first ends the load early; what was written is still compared. The second ends that too. Servers of its own are stopped either way.
using var stop = new CancellationTokenSource();
using var abandon = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await LoadCommand.RunAsync(args, Console.Out, Console.Error, stop.Token, abandon.Token);

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    (stop.IsCancellationRequested ? abandon : stop).Cancel();
}
