using Microsoft.Extensions.Logging;
using WafOperator.Protocols.Distribution;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Telemetry;

namespace WafOperator.Proxy.Sync;

/// <summary>Follows one policy on the operator by long polls. What is in force stays in force through every failure.</summary>
internal sealed partial class OperatorSync(
    OperatorClient client, PolicyKeeper keeper, string ns, string name, SidecarMeters meters, TimeProvider time,
    ILogger<OperatorSync> logger)
{
    private static readonly TimeSpan PollFor = TimeSpan.FromSeconds(55);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        keeper.Restore(ns, name);
        var backOff = new BackOff(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(15));
        string? seen = null;
        string? problem = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = seen is null ? TimeSpan.Zero : PollFor;
            var answer = await client.GetPolicyAsync(ns, name, seen, wait, cancellationToken);
            // Compiling takes a second and may wait for packages.
            await SocketThreads.LeaveAsync();
            if (answer.Kind is not DocumentAnswerKind.Failed) keeper.Heard();
            switch (answer.Kind)
            {
                case DocumentAnswerKind.Changed:
                    // A refused revision is not asked for again: the operator answers when there is another.
                    keeper.Receive(answer.Body!, ns, name);
                    seen = answer.Revision ?? RevisionOf(answer.Body!);
                    problem = null;
                    // Without a revision there is no waiting for another one: ask again, but not at once.
                    if (seen is null) break;
                    backOff.Reset();
                    continue;
                case DocumentAnswerKind.Unchanged:
                    problem = null;
                    backOff.Reset();
                    continue;
                case DocumentAnswerKind.Missing:
                    Say(ref problem, $"the operator knows no accepted policy {ns}/{name}");
                    break;
                case DocumentAnswerKind.Failed:
                    meters.Incident("operator_unreachable");
                    Say(ref problem, answer.Problem!);
                    break;
            }

            await Task.Delay(backOff.Next(), time, cancellationToken);
        }
    }

    private static string? RevisionOf(byte[] body) => DocumentReader.Read(body, null, null).Revision;

    /// <summary>Each problem is said once, not at every try.</summary>
    private void Say(ref string? known, string problem)
    {
        if (known == problem) return;
        known = problem;
        LogProblem(logger, problem);
    }

    [LoggerMessage(110, LogLevel.Warning, "cannot read the policy from the operator: {Problem}. Trying again; what is in force stays")]
    private static partial void LogProblem(ILogger logger, string problem);
}
