using WafOperator.Sidecar.Host;

// Requests go on where their bytes arrived (sidecar/Proxy/Listening/SocketThreads.cs). Read once by the runtime, when
// the first socket is made; whoever sets it decides.
const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
    Environment.SetEnvironmentVariable(InlineCompletions, "1");

return await SidecarCommand.InvokeAsync(args, RunAsync, Environment.GetEnvironmentVariable);

static Task<int> RunAsync(SidecarTask task, CancellationToken cancellationToken)
{
    Func<string, string?> environment = Environment.GetEnvironmentVariable;
    return task switch
    {
        SidecarTask.ServeFile serve => SidecarHost.ServeFileAsync(serve.Settings, Console.Error),
        SidecarTask.ServeEnvironment => SidecarHost.ServeEnvironmentAsync(environment, Console.Error),
        SidecarTask.Wait wait => WaitCommand.RunAsync(wait, environment, Console.Error, cancellationToken),
        SidecarTask.Evaluate evaluate =>
            EvaluateCommand.RunAsync(evaluate, environment, Console.Out, Console.Error, cancellationToken),
        SidecarTask.Compare compare =>
            EvaluateCommand.RunAsync(compare, environment, Console.Out, Console.Error, cancellationToken),
        SidecarTask.Offer offer => OfferCommand.RunAsync(offer, Console.Error, cancellationToken),
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
