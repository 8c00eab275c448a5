using System.Text.Json.Nodes;

namespace WafOperator.Injection.Tests;

/// <summary>
/// Maps and lists of a pod that are left out, null or empty are the same to Kubernetes: an injection must neither fail
/// nor differ by it. Tried on the pods of all golden cases, under a policy that requires a sidecar.
/// </summary>
public sealed class AbsentFieldTests
{
    private static readonly string[][] Fields =
    [
        ["metadata", "annotations"], ["metadata", "labels"], ["spec", "volumes"], ["spec", "initContainers"],
    ];

    public static TheoryData<string> Cases => GoldenTests.Cases;

    [Theory, MemberData(nameof(Cases))]
    public void AFieldThatIsAbsent_NullOrEmpty_IsTheSame(string name)
    {
        var input = GoldenInput.Read(GoldenTests.FileOf(name));
        if (input.Policy is PolicyChoice.Found found)
        {
            input = input with
            {
                Policy = found with { Spec = found.Spec with { Interception = new() { Required = true } } },
            };
        }

        foreach (var field in Fields)
        {
            var absent = Decide(input, field, (owner, member) => owner.Remove(member));
            Assert.Equal(absent, Decide(input, field, (owner, member) => owner[member] = null));
            Assert.Equal(absent, Decide(input, field, (owner, member) =>
                owner[member] = field[0] == "spec" ? new JsonArray() : new JsonObject()));
        }
    }

    /// <summary>The decision, with the pod that its patch makes.</summary>
    private static string Decide(PodInjectionInput input, string[] field, Action<JsonObject, string> change)
    {
        var pod = (JsonObject)input.Pod.DeepClone();
        if (pod[field[0]] is not JsonObject owner) pod[field[0]] = owner = [];
        change(owner, field[1]);
        var decision = Injector.Decide(input with { Pod = pod });
        if (decision is not InjectionDecision.Inject inject) return decision.ToString()!;
        Assert.Equal(inject.Pod.ToJsonString(), PatchApplier.Apply(pod, inject.Patch).ToJsonString());
        // A field that stays empty may be there or not.
        if (inject.Pod[field[0]]![field[1]] is null or JsonArray { Count: 0 } or JsonObject { Count: 0 })
            ((JsonObject)inject.Pod[field[0]]!).Remove(field[1]);
        return Sorted(inject.Pod).ToJsonString();
    }

    /// <summary>The order of members says nothing.</summary>
    private static JsonNode Sorted(JsonNode node) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => KeyValuePair.Create(member.Key, member.Value is { } value ? Sorted(value) : null))),
        JsonArray items => new JsonArray([.. items.Select(item => item is null ? null : Sorted(item))]),
        _ => node.DeepClone(),
    };
}
