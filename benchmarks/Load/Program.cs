using InstaGrpc.Load.Command;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
return await LoadCommand.RunAsync(args, Console.Out, Console.Error, stop.Token);
