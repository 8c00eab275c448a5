using System.Collections.Immutable;
using System.Text;

namespace WafOperator.SecLang.Regex;

/// <summary>Parentheses: groups, lookarounds, inline flags.</summary>
internal sealed partial class PatternReader
{
    private RegexNode? ReadGroup(int start)
    {
        if (TryTake('*')) return Refuse(start, "backtracking verbs such as (*SKIP) are not supported");
        if (!TryTake('?')) return ReadCapture(start, null);
        if (AtEnd) return Refuse(start, "the group is not closed");
        if (TryTake(':')) return ReadBody(start);
        if (TryTake('>')) return new RegexNode.Atomic(ReadBody(start));
        if (TryTake('=')) return ReadLook(start, LookKind.Ahead);
        if (TryTake('!')) return ReadLook(start, LookKind.NotAhead);
        if (TryTake("<="u8)) return ReadLook(start, LookKind.Behind);
        if (TryTake("<!"u8)) return ReadLook(start, LookKind.NotBehind);
        if (TryTake('|')) return ReadBranchReset(start);
        if (TryTake("P<"u8) || TryTake('<')) return ReadNamedCapture(start, '>');
        if (TryTake('\'')) return ReadNamedCapture(start, '\'');
        if (TryTake("P="u8)) return NamedReference(start, ReadName(')'));
        if (TryTake('(')) return Refuse(start, "conditional groups are not supported");
        if (Peek is (byte)'R' or (byte)'&' or (byte)'C' or (byte)'P' or >= (byte)'0' and <= (byte)'9')
            return Refuse(start, "recursion, subroutine calls and callouts are not supported");
        return ReadFlags(start);
    }

    private RegexNode? Refuse(int position, string reason)
    {
        Fail(position, reason);
        return null;
    }

    /// <summary>Reads up to the closing parenthesis. Modes set inside end with it.</summary>
    private RegexNode ReadBody(int start)
    {
        var (outerFlags, outerLazy) = (_flags, _lazyByDefault);
        if (++_nesting > limits.NestingMax)
        {
            Fail(start, $"parentheses nest deeper than {limits.NestingMax}");
            return RegexNode.Nothing;
        }

        var body = ReadChoice();
        if (Error is null && !TryTake(')')) Fail(start, "the group is not closed");
        _nesting--;
        (_flags, _lazyByDefault) = (outerFlags, outerLazy);
        return body;
    }

    private RegexNode? ReadCapture(int start, string? name)
    {
        var group = ++GroupCount;
        if (group > limits.GroupsMax) return Refuse(start, $"the pattern has more than {limits.GroupsMax} groups");
        if (name is not null && !GroupNames.TryAdd(name, group) && GroupNames[name] != group)
            return Refuse(start, $"two groups are named '{name}'");
        return new RegexNode.Capture(group, name, ReadBody(start));
    }

    private RegexNode? ReadNamedCapture(int start, char end)
    {
        var name = ReadName(end);
        return Error is null ? ReadCapture(start, name) : null;
    }

    private string ReadName(char end)
    {
        var start = _at;
        while (!AtEnd && ByteSet.Word.Contains(Peek)) _at++;
        var name = Encoding.ASCII.GetString(pattern, start, _at - start);
        if (name.Length is 0 or > 32 || char.IsAsciiDigit(name[0]))
            Fail(start, "a group name is 1 to 32 word characters and starts with no digit");
        else if (!TryTake(end)) Fail(start, $"the group name is not closed by '{end}'");
        return name;
    }

    /// <summary>`(?|…)`: each alternative numbers its groups from the same start.</summary>
    private RegexNode ReadBranchReset(int start)
    {
        var (outerFlags, outerLazy) = (_flags, _lazyByDefault);
        if (++_nesting > limits.NestingMax) Fail(start, $"parentheses nest deeper than {limits.NestingMax}");
        var first = GroupCount;
        var highest = first;
        var options = ImmutableArray.CreateBuilder<RegexNode>();
        do
        {
            GroupCount = first;
            options.Add(ReadSequence());
            highest = Math.Max(highest, GroupCount);
        }
        while (Error is null && TryTake('|'));
        GroupCount = highest;
        if (Error is null && !TryTake(')')) Fail(start, "the group is not closed");
        _nesting--;
        (_flags, _lazyByDefault) = (outerFlags, outerLazy);
        return options.Count == 1 ? options[0] : new RegexNode.Choice(options.ToImmutable());
    }

    private RegexNode? ReadLook(int start, LookKind kind)
    {
        var behind = kind is LookKind.Behind or LookKind.NotBehind;
        if (behind) _lookbehinds++;
        var body = ReadBody(start);
        if (behind) _lookbehinds--;
        if (Error is not null) return null;
        if (behind && RegexMeasure.MaxLength(body) > limits.LookbehindBytesMax)
            return Refuse(start, $"the lookbehind can match more than {limits.LookbehindBytesMax} bytes");
        return new RegexNode.Look(kind, body);
    }

    /// <summary>`(?imsx-imsx)` for the rest of the enclosing group, or `(?imsx-imsx:…)` for its own body.</summary>
    private RegexNode? ReadFlags(int start)
    {
        var (outerFlags, outerLazy) = (_flags, _lazyByDefault);
        if (TryTake('^')) (_flags, _lazyByDefault) = (new RegexFlags(DollarIsVeryEnd: _flags.DollarIsVeryEnd), false);
        var on = true;
        while (!AtEnd)
        {
            var symbol = (char)pattern[_at++];
            switch (symbol)
            {
                case ')':
                    return null;
                case ':':
                    var body = ReadBody(start);
                    (_flags, _lazyByDefault) = (outerFlags, outerLazy);
                    return body;
                case '-' when on:
                    on = false;
                    break;
                case 'i': _flags = _flags with { IgnoreCase = on }; break;
                case 's': _flags = _flags with { DotMatchesLineFeed = on }; break;
                case 'm': _flags = _flags with { Multiline = on }; break;
                case 'x': _flags = _flags with { Extended = on }; break;
                case 'U': _lazyByDefault = on; break;
                case 'n' or 'J': return Refuse(_at - 1, $"the inline flag '{symbol}' is not supported");
                default: return Refuse(_at - 1, $"'{symbol}' is not an inline flag");
            }
        }

        return Refuse(start, "the group is not closed");
    }
}
