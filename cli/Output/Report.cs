using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Resources.Schema;

namespace WafOperator.Cli.Output;

/// <summary>A result in all its formats.</summary>
/// <param name="Json">For programs.</param>
/// <param name="Names">What it is about, as <c>-o name</c> prints it.</param>
/// <param name="Text">For people.</param>
internal sealed record Report(JsonNode Json, IReadOnlyList<string> Names, Action<TextWriter, Paint> Text)
{
    private const int NameLengthMax = 8_192;

    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Write(TextWriter output, OutputFormat format, Paint paint)
    {
        switch (format)
        {
            case OutputFormat.Json:
                output.WriteLine(Json.ToJsonString(Readable));
                break;
            case OutputFormat.Yaml:
                output.Write(YamlText.Write(Json));
                break;
            case OutputFormat.Name:
                // Paths of requests are names as well.
                foreach (var name in Names) output.WriteLine(PlainText.Of(name, NameLengthMax));
                break;
            default:
                Text(output, paint);
                break;
        }
    }

    /// <summary>An array of texts.</summary>
    public static JsonArray Array(IEnumerable<string> texts) => [.. texts.Select(text => JsonValue.Create(text))];
}
