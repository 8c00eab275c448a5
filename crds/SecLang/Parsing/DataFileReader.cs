using System.Collections.Immutable;
using System.Text;

namespace WafOperator.SecLang;

/// <summary>
/// Reads the data files that rules name, each once. Lines are trimmed; empty ones and those that start with <c>#</c>
/// are left out.
/// </summary>
internal sealed class DataFileReader(SourceResolver resolver, SecLangLimits limits)
{
    private readonly ImmutableDictionary<string, DataFile>.Builder _files =
        ImmutableDictionary.CreateBuilder<string, DataFile>(StringComparer.Ordinal);

    private long _totalBytes;

    public ImmutableDictionary<string, DataFile> ToImmutable() => _files.ToImmutable();

    public void Load(RuleDirective rule, DiagnosticBag bag)
    {
        var info = OperatorCatalogue.All[rule.Operator.Name];
        if (info.Argument != OperatorArgument.Files)
        {
            return;
        }

        foreach (var name in rule.Operator.Argument.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (!_files.ContainsKey(name))
            {
                LoadOne(name, rule, bag);
            }
        }
    }

    private void LoadOne(string name, RuleDirective rule, DiagnosticBag bag)
    {
        if (name.Contains("://", StringComparison.Ordinal))
        {
            bag.Refused(DiagnosticCodes.RefusedOperator, rule.Location,
                $"'{name}' is not fetched: rules must not reach out to the network. Put the data in a file beside "
                    + $"the rules.");
            return;
        }

        var file = resolver.Open(name, rule.Location.File, limits.DataFileBytesMax);
        if (file is null)
        {
            bag.Error(DiagnosticCodes.MissingFile, rule.Location, $"There is no data file '{name}'.");
            return;
        }

        _totalBytes += file.Bytes.LongLength;
        if (file.TooLarge || _totalBytes > limits.DataFilesTotalBytesMax)
        {
            bag.Error(DiagnosticCodes.Limit, rule.Location,
                $"'{name}' is too large: a data file may have {limits.DataFileBytesMax} bytes, all together "
                    + $"{limits.DataFilesTotalBytesMax}.");
            return;
        }

        _files[name] = new DataFile(name, Entries(Encoding.Latin1.GetString(file.Bytes)));
    }

    private static ImmutableArray<string> Entries(string text)
    {
        var entries = ImmutableArray.CreateBuilder<string>();
        foreach (var line in text.Split('\n'))
        {
            var entry = line.Trim(' ', '\t', '\r');
            if (entry.Length > 0 && entry[0] != '#')
            {
                entries.Add(entry);
            }
        }

        return entries.ToImmutable();
    }
}
