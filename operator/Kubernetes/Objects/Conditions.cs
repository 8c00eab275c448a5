using System.Text.Json;
using System.Text.Json.Nodes;

namespace WafOperator.Kubernetes.Objects;

/// <summary>Pure operations on a list of conditions.</summary>
public static class Conditions
{
    /// <summary>
    /// The list with <paramref name="next"/> in place of the condition of the same type, or added. The transition time
    /// moves to <paramref name="now"/> only when the status changed, so an unchanged condition writes no difference.
    /// </summary>
    public static IReadOnlyList<Condition> With(
        IReadOnlyList<Condition> conditions, Condition next, DateTimeOffset now)
    {
        var result = conditions.ToList();
        var index = result.FindIndex(c => c.Type == next.Type);
        // The API keeps whole seconds; a finer value would differ from what is read back.
        var second = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        var keep = index >= 0 && result[index].Status == next.Status;
        var stamped = next with { LastTransitionTime = keep ? result[index].LastTransitionTime : second };
        if (index >= 0) result[index] = stamped;
        else result.Add(stamped);
        return result;
    }

    /// <summary>The condition of a type, or null.</summary>
    public static Condition? Find(IEnumerable<Condition> conditions, string type) =>
        conditions.FirstOrDefault(c => c.Type == type);

    /// <summary>The conditions in an object's status; those that cannot be read are left out.</summary>
    public static IReadOnlyList<Condition> Read(KubernetesObject resource)
    {
        var result = new List<Condition>();
        foreach (var item in resource.Json.Items("status", "conditions"))
        {
            if (item.Text("type") is not { } type || item.Text("status") is not { } status) continue;
            result.Add(new Condition
            {
                Type = type,
                Status = status,
                Reason = item.Text("reason") ?? "",
                Message = item.Text("message") ?? "",
                ObservedGeneration = item.Number("observedGeneration"),
                LastTransitionTime = item.Text("lastTransitionTime") is { } t
                    && KubernetesTime.TryParse(t, out var time) ? time : default,
            });
        }

        return result;
    }

    /// <summary>The list as it stands in an object's status.</summary>
    public static JsonArray ToJson(IEnumerable<Condition> conditions)
    {
        var array = new JsonArray();
        foreach (var condition in conditions)
        {
            var node = JsonSerializer.SerializeToNode(condition, ObjectsJson.Default.Condition)!.AsObject();
            node["lastTransitionTime"] = KubernetesTime.Seconds(condition.LastTransitionTime);
            array.Add((JsonNode)node);
        }

        return array;
    }
}
