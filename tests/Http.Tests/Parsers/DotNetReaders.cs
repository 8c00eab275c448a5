using System.Text.Json;
using System.Xml;

namespace WafOperator.Http.Tests.Parsers;

/// <summary>The readers of JSON and XML that ASP.NET Core applications use, in process.</summary>
internal static class DotNetReaders
{
    public static ParsedForm? ReadJson(byte[] body)
    {
        try
        {
            var values = new List<string>();
            using var document = JsonDocument.Parse(body);
            Walk(document.RootElement, values);
            return new ParsedForm(values, []);
        }
        catch (Exception refused) when (refused is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    public static ParsedForm? ReadXml(byte[] body)
    {
        try
        {
            var document = new XmlDocument { XmlResolver = null, PreserveWhitespace = true };
            using var reader = XmlReader.Create(
                new MemoryStream(body), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            document.Load(reader);
            var texts = document.SelectNodes("//text()")!.Cast<XmlNode>().Select(node => node.Value ?? "");
            var attributes = document.SelectNodes("//@*")!.Cast<XmlAttribute>().Select(node => node.Value);
            return new ParsedForm([.. texts], [.. attributes]);
        }
        catch (Exception refused) when (refused is XmlException or ArgumentException)
        {
            return null;
        }
    }

    private static void Walk(JsonElement element, List<string> values)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                values.Add(element.GetString()!);
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray()) Walk(item, values);
                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    values.Add(member.Name);
                    Walk(member.Value, values);
                }

                break;
        }
    }
}
