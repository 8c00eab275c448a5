using System.Text.Json;
using WafOperator.Policies.Files;
using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Policies;

namespace WafOperator.Console.Analysis;

/// <summary>What was said of a policy that requests are to be judged by.</summary>
/// <param name="Kind">Whether there is another revision.</param>
/// <param name="Document">The policy, when there is.</param>
/// <param name="Revision">Its revision, as pods report it.</param>
/// <param name="Problem">Why it cannot be had.</param>
public readonly record struct PolicyFinding(
    DocumentAnswerKind Kind, PolicyDocument? Document = null, string? Revision = null, string? Problem = null);

/// <summary>Where policies come from. Failures are values.</summary>
public interface IPolicySource
{
    /// <summary>Looks for a policy of another revision than <paramref name="have"/>.</summary>
    Task<PolicyFinding> FindAsync(PolicyName policy, string? have, CancellationToken cancellationToken);
}

/// <summary>A policy's name.</summary>
/// <param name="Namespace">Namespace; empty where a file names none.</param>
/// <param name="Name">Name; empty for the only policy of a file.</param>
public readonly record struct PolicyName(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>Policies of one manifest, read again when asked.</summary>
public sealed class FilePolicies(string file, TimeProvider time) : IPolicySource
{
    public async Task<PolicyFinding> FindAsync(
        PolicyName policy, string? have, CancellationToken cancellationToken)
    {
        try
        {
            var text = await File.ReadAllTextAsync(file, cancellationToken);
            var read = PolicyFile.Load(text, time.GetUtcNow(), policy.Name.Length > 0 ? policy.Name : null);
            if (read.Document is not { } document)
                return new(DocumentAnswerKind.Failed, Problem: string.Join("; ", read.Errors.Take(3)));
            if (policy.Namespace.Length > 0 && document.Namespace.Length > 0 && policy.Namespace != document.Namespace)
                return new(DocumentAnswerKind.Missing);
            return document.Revision == have ? new(DocumentAnswerKind.Unchanged)
                : new(DocumentAnswerKind.Changed, document, document.Revision);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new(DocumentAnswerKind.Failed, Problem: $"the policy file cannot be read: {failure.Message}");
        }
    }
}

/// <summary>Policies in force, from the operator.</summary>
public sealed class OperatorPolicies(OperatorClient client) : IPolicySource
{
    public async Task<PolicyFinding> FindAsync(
        PolicyName policy, string? have, CancellationToken cancellationToken)
    {
        var answer = await client.GetJudgingAsync(policy.Namespace, policy.Name, have, cancellationToken);
        if (answer.Kind is not DocumentAnswerKind.Changed)
            return new(answer.Kind, Problem: answer.Problem is { } why ? $"the operator cannot be asked: {why}" : null);
        try
        {
            return JsonSerializer.Deserialize(answer.Body, ProtocolJson.Default.PolicyDocument) is { } document
                ? new(DocumentAnswerKind.Changed, document, answer.Revision ?? document.Revision)
                : new(DocumentAnswerKind.Failed, Problem: "the operator sent no policy");
        }
        catch (JsonException)
        {
            return new(DocumentAnswerKind.Failed, Problem: "the operator sent a policy that cannot be read");
        }
    }
}
