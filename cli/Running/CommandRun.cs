using System.CommandLine;
using WafOperator.Kubernetes;

namespace WafOperator.Cli.Running;

/// <summary>Gives a command its action: what goes wrong becomes a sentence, a next step and an exit code.</summary>
internal static class CommandRun
{
    /// <summary>Sets what a command does.</summary>
    public static void Runs(
        this Command command, CliEnvironment environment, Func<Invocation, CancellationToken, Task<int>> run) =>
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var invocation = new Invocation(parsed, environment);
            try
            {
                return await run(invocation, cancellationToken);
            }
            catch (CliException mistake)
            {
                return Say(invocation, mistake.Message, mistake.Next, mistake.ExitCode);
            }
            catch (KubernetesException refusal)
            {
                return Say(invocation, refusal.Message, null, ExitCodes.Failed);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return Say(invocation, failure.Message, null, ExitCodes.Failed);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                invocation.Progress.Clear();
                return ExitCodes.Interrupted;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Nobody should have to read a stack.
                return Say(
                    invocation, $"this should not have happened: {failure.GetType().Name}: {failure.Message}",
                    "report it with the command line, and the file if there is one", ExitCodes.Failed);
            }
        });

    private static int Say(Invocation invocation, string message, string? next, int code)
    {
        invocation.Note($"error: {message}");
        if (next is not null) invocation.Note($"next: {next}");
        return code;
    }
}
