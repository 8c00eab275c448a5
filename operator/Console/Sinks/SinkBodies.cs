using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Console.Store;

namespace WafOperator.Console.Sinks;

/// <summary>What is posted. Pure.</summary>
public static class SinkBodies
{
    public static string Of(SinkOptions options, IReadOnlyList<StoredEvent> events)
    {
        if (options.Kind is SinkKind.Otlp) return OtlpFormat.Of(events).ToJsonString();
        var text = new StringBuilder();
        foreach (var e in events)
        {
            switch (options.Kind)
            {
                case SinkKind.SplunkHec:
                    var wrapped = new JsonObject
                    {
                        ["time"] = e.Event.Time.ToUnixTimeMilliseconds() / 1000.0,
                        ["host"] = e.Event.Pod ?? e.Event.Policy,
                        ["source"] = "waf-operator",
                        ["sourcetype"] = "waf:" + options.Format.ToString().ToLowerInvariant(),
                        ["event"] = options.Format is EventFormat.Cef or EventFormat.Rfc5424
                            ? EventFormats.Of(options.Format, e)
                            : JsonNode.Parse(EventFormats.Of(options.Format, e)),
                        ["fields"] = new JsonObject { ["event_id"] = e.Event.Id },
                    };
                    if (options.Index is { } index) wrapped["index"] = index;
                    text.Append(wrapped.ToJsonString());
                    break;
                case SinkKind.Elasticsearch:
                    text.Append(new JsonObject
                    {
                        ["create"] = new JsonObject
                        {
                            // Ids are made by sidecars: one namespace's must not be taken for another's.
                            ["_index"] = options.Index ?? "logs-waf-default",
                            ["_id"] = $"{e.Row.Namespace}:{e.Event.Id}",
                        },
                    }.ToJsonString()).Append('\n').Append(EventFormats.Ecs(e).ToJsonString()).Append('\n');
                    break;
                default:
                    text.Append(EventFormats.Of(options.Format, e)).Append('\n');
                    break;
            }
        }

        return text.ToString();
    }
}

/// <summary>What Elasticsearch and OpenSearch say of a bulk call. Pure.</summary>
public static class BulkAnswer
{
    /// <summary>Why not all documents are kept; null when all are, or were there. Any other answer than the documented
    /// one is a problem, never an exception.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="sent">Documents that were sent.</param>
    public static SinkException? Problem(ReadOnlyMemory<byte> json, int sent)
    {
        try
        {
            using var answer = JsonDocument.Parse(json);
            if (!answer.RootElement.GetProperty("errors").GetBoolean()) return null;
            return ProblemOf(answer.RootElement.GetProperty("items"), sent);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException
            or InvalidOperationException or FormatException)
        {
            return new SinkException("the server's answer is not that of the bulk API", null);
        }
    }

    private static SinkException? ProblemOf(JsonElement items, int sent)
    {
        var refused = new List<int>();
        var (first, other) = (0, 0);
        for (var i = 0; i < items.GetArrayLength(); i++)
        {
            var status = items[i].GetProperty("create").GetProperty("status").GetInt32();
            if (status is < 300 or (int)HttpStatusCode.Conflict) continue;
            if (first == 0) first = status;
            if (SinkSender.IsForGood(status) && i < sent) refused.Add(i);
            else other = status;
        }

        if (first == 0) return null;
        // Those that may be taken later first: the others are there then, and the rest is known.
        return new SinkException(
            $"the server took not all documents: {(other != 0 ? other : first)}", null)
        {
            IsForGood = other == 0, Refused = refused,
        };
    }
}
