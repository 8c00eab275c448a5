using System.Collections.Immutable;

namespace WafOperator.SecLang;

/// <summary>The state of one parse: what was read, the files on the way, the findings.</summary>
internal sealed class ParseSession(SourceResolver resolver, SecLangLimits limits, bool leavesOut)
{
    private readonly ImmutableArray<Directive>.Builder _directives = ImmutableArray.CreateBuilder<Directive>();
    private readonly DiagnosticBag _bag = new(limits.DiagnosticsMax);
    private readonly List<string> _openFiles = [];
    private readonly DataFileReader _dataFiles = new(resolver, limits);
    private long _totalBytes;
    private int _includedFiles;
    private bool _full;

    public void Read(SecLangSource source)
    {
        if (source.Text.Length > limits.SourceBytesMax)
        {
            _bag.Error(DiagnosticCodes.Limit, new SourceLocation(source.Name, 0),
                $"The file has {source.Text.Length} bytes; {limits.SourceBytesMax} are allowed.");
            return;
        }

        _totalBytes += source.Text.Length;
        if (_totalBytes > limits.TotalBytesMax)
        {
            _bag.Error(DiagnosticCodes.Limit, new SourceLocation(source.Name, 0),
                $"All files together may have {limits.TotalBytesMax} bytes.");
            return;
        }

        _openFiles.Add(source.Name);
        var blocks = 0;
        foreach (var (text, line) in LogicalLines.Read(source.Text))
        {
            var location = new SourceLocation(source.Name, line);
            if (_full || !WithinLimits(text, location))
            {
                continue;
            }

            if (text[0] == '<')
            {
                ReadBlock(text, location, ref blocks);
                continue;
            }

            if (!ArgumentReader.TryRead(text, out var name, out var arguments))
            {
                ReportQuote(name, location);
                continue;
            }

            ReadDirective(name, arguments, location);
        }

        if (blocks != 0)
        {
            _bag.Error(DiagnosticCodes.Block, new SourceLocation(source.Name, 0), "A block <…> is not closed.");
        }

        _openFiles.RemoveAt(_openFiles.Count - 1);
    }

    public SecLangParseResult Finish()
    {
        var directives = leavesOut ? IncompleteChains.LeaveOut(_directives, _bag) : _directives.ToImmutable();
        var document = new SecLangDocument(directives, _dataFiles.ToImmutable());
        DocumentValidator.Validate(document, limits, _bag);
        return new SecLangParseResult(document, _bag.ToImmutable());
    }

    private void ReportQuote(string name, SourceLocation location)
    {
        var message = $"A quote in the arguments of {Shorten(name)} is not closed.";
        if (!leavesOut)
        {
            _bag.Error(DiagnosticCodes.Quote, location, message);
            return;
        }

        _bag.Refused(DiagnosticCodes.Quote, location, message);
        _directives.Add(new UnreadableDirective(location));
    }

    private bool WithinLimits(string text, SourceLocation location)
    {
        if (text.Length > limits.DirectiveBytesMax)
        {
            _bag.Error(DiagnosticCodes.Limit, location,
                $"The directive has {text.Length} bytes; {limits.DirectiveBytesMax} are allowed.");
            return false;
        }

        if (_directives.Count < limits.DirectivesMax)
        {
            return true;
        }

        _full = true;
        _bag.Error(DiagnosticCodes.Limit, location,
            $"More than {limits.DirectivesMax} directives; the rest is not read.");
        return false;
    }

    private void ReadBlock(string text, SourceLocation location, ref int blocks)
    {
        if (text.StartsWith("</", StringComparison.Ordinal))
        {
            blocks--;
            if (blocks < 0)
            {
                blocks = 0;
                _bag.Error(DiagnosticCodes.Block, location, $"'{Shorten(text)}' closes a block that is not open.");
            }

            return;
        }

        blocks++;
        if (text.StartsWith("<IfModule", StringComparison.OrdinalIgnoreCase))
        {
            _bag.Warning(DiagnosticCodes.Block, location, "<IfModule> is taken as true: its contents are read.");
            return;
        }

        _bag.Error(DiagnosticCodes.Block, location,
            $"'{Shorten(text)}' limits rules to a part of a server, which would be lost here. Use a rule on "
                + $"REQUEST_FILENAME, or routes of the policy.");
    }

    private void ReadDirective(string name, List<string> arguments, SourceLocation location)
    {
        if (!DirectiveCatalogue.All.TryGetValue(name, out var info))
        {
            _bag.Error(DiagnosticCodes.UnknownDirective, location,
                $"There is no directive '{Shorten(name)}'.{NearestName.Hint(name, DirectiveCatalogue.All.Keys)}");
            return;
        }

        if (info.Support == Support.Refused)
        {
            _bag.Refused(DiagnosticCodes.RefusedDirective, location, $"{info.Name} is left out: {info.Reason}.");
            return;
        }

        if (info.Support == Support.Ignored)
        {
            _bag.Warning(DiagnosticCodes.IgnoredDirective, location, $"{info.Name} has no effect: {info.Reason}.");
            return;
        }

        if (arguments.Count < info.ArgumentsMin || arguments.Count > info.ArgumentsMax)
        {
            var wanted = info.ArgumentsMin == info.ArgumentsMax
                ? $"{info.ArgumentsMin}"
                : $"{info.ArgumentsMin} to {info.ArgumentsMax}";
            _bag.Error(DiagnosticCodes.Arguments, location,
                $"{info.Name} takes {wanted} arguments, not {arguments.Count}.");
            return;
        }

        if (info.Name is "Include" or "IncludeOptional")
        {
            Include(arguments[0], info.Name == "IncludeOptional", location);
            return;
        }

        if (ParseDirective(info.Name, arguments, location) is not { } directive)
        {
            return;
        }

        _directives.Add(directive);
        if (directive is RuleDirective rule)
        {
            RuleValidator.Validate(rule, _bag);
            _dataFiles.Load(rule, _bag);
        }
    }

    /// <summary>A quotation in a list of actions may be open as well.</summary>
    private Directive? ParseDirective(string name, List<string> arguments, SourceLocation location)
    {
        if (!leavesOut)
        {
            return DirectiveParser.Parse(name, arguments, location, limits, _bag);
        }

        var own = new DiagnosticBag(limits.DiagnosticsMax);
        var directive = DirectiveParser.Parse(name, arguments, location, limits, own);
        var found = own.ToImmutable();
        if (found.Any(one => one is { Code: DiagnosticCodes.Quote, Severity: DiagnosticSeverity.Error }))
        {
            ReportQuote(name, location);
            return null;
        }

        foreach (var one in found)
        {
            _bag.Add(one);
        }

        return directive;
    }

    private void Include(string pattern, bool optional, SourceLocation location)
    {
        if (_openFiles.Count >= limits.IncludeDepthMax)
        {
            _bag.Error(DiagnosticCodes.Limit, location, $"Include may nest {limits.IncludeDepthMax} files deep.");
            return;
        }

        var names = resolver.Expand(pattern, location.File);
        if (names.Count == 0 && !optional && !Glob.IsPattern(pattern))
        {
            _bag.Error(DiagnosticCodes.MissingFile, location, $"There is no file '{pattern}'.");
        }

        foreach (var name in names)
        {
            IncludeOne(name, optional, location);
        }
    }

    private void IncludeOne(string name, bool optional, SourceLocation location)
    {
        if (++_includedFiles > limits.IncludedFilesMax)
        {
            _bag.Error(DiagnosticCodes.Limit, location, $"At most {limits.IncludedFilesMax} files may be included.");
            return;
        }

        var file = resolver.Open(name, location.File, limits.SourceBytesMax);
        if (file is null)
        {
            if (!optional)
            {
                _bag.Error(DiagnosticCodes.MissingFile, location, $"There is no file '{name}'.");
            }

            return;
        }

        if (file.TooLarge)
        {
            _bag.Error(DiagnosticCodes.Limit, location, $"'{file.Name}' has more than {limits.SourceBytesMax} bytes.");
            return;
        }

        if (_openFiles.Contains(file.Name))
        {
            _bag.Error(DiagnosticCodes.IncludeCycle, location, $"'{file.Name}' includes itself.");
            return;
        }

        Read(SecLangSource.FromBytes(file.Name, file.Bytes));
    }

    private static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
