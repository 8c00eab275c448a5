using System.Globalization;
using System.Text;
using System.Text.Json;

namespace WafOperator.Conformance.Peer;

/// <summary>What ModSecurity wrote of one request: ids of matched rules, and the log in the suite's format.</summary>
internal sealed record PeerRecord(IReadOnlyList<long> RuleIds, string Log);

/// <summary>Reads ModSecurity 3's audit log in its JSON form, one transaction a line.</summary>
internal static class AuditLog
{
    public static IReadOnlyDictionary<int, PeerRecord> Read(string file)
    {
        var records = new Dictionary<int, PeerRecord>();
        // Bytes of requests are copied into the log as they came: read one character a byte.
        foreach (var line in File.ReadLines(file, Encoding.Latin1))
        {
            using var document = JsonDocument.Parse(line);
            var transaction = document.RootElement.GetProperty("transaction");
            var ids = new List<long>();
            var log = new StringBuilder();
            foreach (var message in transaction.GetProperty("messages").EnumerateArray())
            {
                var details = message.GetProperty("details");
                ids.Add(long.Parse(Text(details, "ruleId"), CultureInfo.InvariantCulture));
                log.Append(CultureInfo.InvariantCulture,
                    $"[file \"{Text(details, "file")}\"] [line \"{Text(details, "lineNumber")}\"] [id \"{ids[^1]}\"] ")
                    .Append(CultureInfo.InvariantCulture,
                        $"[msg \"{Text(message, "message")}\"] [data \"{Text(details, "data")}\"] ")
                    .Append(CultureInfo.InvariantCulture, $"[severity \"{Text(details, "severity")}\"]")
                    .AppendJoin("", details.GetProperty("tags").EnumerateArray()
                        .Select(static tag => $" [tag \"{tag}\"]"))
                    .Append('\n');
            }

            // Bytes behind a body's end are a second request on the same connection: the first is the test's.
            records.TryAdd(transaction.GetProperty("client_port").GetInt32(), new PeerRecord(ids, log.ToString()));
        }

        return records;
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.ToString() : "";
}
