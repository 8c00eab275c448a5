using WafOperator.Kubernetes;

namespace WafOperator.Cli.Cluster;

/// <summary>Something that was asked of the cluster: the answer, or why there is none.</summary>
internal sealed class Fact<T>
{
    private readonly T? _value;

    private Fact(T? value, string? problem) => (_value, Problem) = (value, problem);

    /// <summary>Why it is not known; null when it is.</summary>
    public string? Problem { get; }

    /// <summary>The answer; <see cref="UnknownFactException"/> when there is none.</summary>
    public T Value => Problem is null ? _value! : throw new UnknownFactException(Problem);

    public static Fact<T> Of(T value) => new(value, null);

    public static Fact<T> Unknown(string problem) => new(default, problem);

    /// <summary>Asks; a refusal of the server is an answer of its own.</summary>
    public static async Task<Fact<T>> AskAsync(Func<Task<T>> ask)
    {
        try
        {
            return Of(await ask());
        }
        catch (KubernetesException refusal)
        {
            return Unknown(refusal.Message);
        }
    }
}

/// <summary>A check needs what could not be read.</summary>
internal sealed class UnknownFactException(string message) : Exception(message);
