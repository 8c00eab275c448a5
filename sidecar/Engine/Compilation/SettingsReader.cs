using System.Globalization;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>Reads set-up directives. The last one wins, as in ModSecurity.</summary>
internal sealed class SettingsReader(EngineOptions options)
{
    private readonly List<string> _types = [];
    private readonly List<string> _components = [];
    private EngineMode _mode = options.DefaultMode;
    private bool _typesNamed;
    private EngineSettings _settings = new();

    public EngineSettings ToSettings() => _settings with
    {
        Mode = _mode > options.ModeMax ? options.ModeMax : _mode,
        ResponseBodyTypes = _typesNamed ? [.. _types] : _settings.ResponseBodyTypes,
        Components = [.. _components],
    };

    public void Read(SettingDirective setting)
    {
        var value = setting.Arguments.IsEmpty ? "" : setting.Arguments[0];
        switch (setting.Name)
        {
            case "SecRuleEngine":
                _mode = Enum.Parse<EngineMode>(value, ignoreCase: true);
                break;
            case "SecResponseBodyMimeType":
                _typesNamed = true;
                _types.AddRange(setting.Arguments);
                break;
            case "SecResponseBodyMimeTypesClear":
                _typesNamed = true;
                _types.Clear();
                break;
            case "SecComponentSignature":
                _components.Add(value);
                break;
            default:
                _settings = ReadSimple(setting.Name, value);
                break;
        }
    }

    private EngineSettings ReadSimple(string name, string value) => name switch
    {
        "SecRequestBodyAccess" => _settings with { RequestBodyAccess = IsOn(value) },
        "SecResponseBodyAccess" => _settings with { ResponseBodyAccess = IsOn(value) },
        "SecRequestBodyLimit" => _settings with { RequestBodyBytesMax = DraftReader.Number(value) },
        "SecRequestBodyNoFilesLimit" => _settings with { RequestBodyNoFilesBytesMax = DraftReader.Number(value) },
        "SecRequestBodyLimitAction" => _settings with
        {
            ProcessPartialRequestBody = value.Equals("ProcessPartial", StringComparison.OrdinalIgnoreCase),
        },
        "SecRequestBodyJsonDepthLimit" => _settings with { JsonDepthMax = Small(value) },
        "SecArgumentsLimit" => _settings with { ArgumentsMax = Small(value) },
        "SecResponseBodyLimit" => _settings with { ResponseBodyBytesMax = DraftReader.Number(value) },
        "SecArgumentSeparator" when value.Length == 1 => _settings with { ArgumentSeparator = (byte)value[0] },
        "SecCollectionTimeout" => _settings with { CollectionTimeout = TimeSpan.FromSeconds(Small(value) ?? 3600) },
        "SecWebAppId" => _settings with { WebAppId = value },
        "SecAuditEngine" => _settings with { AuditEngine = value },
        "SecAuditLogParts" => _settings with { AuditLogParts = value },
        "SecAuditLogRelevantStatus" => _settings with { AuditRelevantStatus = value },
        _ => _settings,
    };

    private static bool IsOn(string value) => value.Equals("on", StringComparison.OrdinalIgnoreCase);

    private static int? Small(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
