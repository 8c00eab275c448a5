using WafOperator.Sidecar.Host;

// Requests go on where their bytes arrived (sidecar/Proxy/Listening/SocketThreads.cs). Read once by the runtime, when
// the first socket is made; whoever sets it decides.
const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
    Environment.SetEnvironmentVariable(InlineCompletions, "1");

var command = CommandLine.Parse(args, Environment.GetEnvironmentVariable);
switch (command)
{
    case Command.Help:
        await Console.Out.WriteLineAsync(CommandLine.HelpText);
        return ExitCodes.Ok;
    case Command.Version:
        await Console.Out.WriteLineAsync(SidecarHost.Version);
        return ExitCodes.Ok;
    case Command.ServeFile serve:
        return await SidecarHost.ServeFileAsync(serve.Settings, Console.Error);
    case Command.ServeEnvironment:
        return await SidecarHost.ServeEnvironmentAsync(Environment.GetEnvironmentVariable, Console.Error);
    case Command.Wait wait:
        return await WaitCommand.RunAsync(wait, Environment.GetEnvironmentVariable, Console.Error, CancellationToken.None);
    case Command.Evaluate evaluate:
        return await EvaluateCommand.RunAsync(
            evaluate, Environment.GetEnvironmentVariable, Console.Out, Console.Error, CancellationToken.None);
    case Command.Compare compare:
        return await EvaluateCommand.RunAsync(
            compare, Environment.GetEnvironmentVariable, Console.Out, Console.Error, CancellationToken.None);
    case Command.Offer offer:
        return await OfferCommand.RunAsync(offer, Console.Error, CancellationToken.None);
    case Command.Invalid invalid:
        await Console.Error.WriteLineAsync($"waf-sidecar: {invalid.Problem}.\nSee waf-sidecar --help.");
        return ExitCodes.Usage;
    default:
        throw new System.Diagnostics.UnreachableException();
}
