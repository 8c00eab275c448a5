using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Profiles;

public sealed class OperatorTests
{
    public static TheoryData<string, string, bool> Cases => new()
    {
        { "@beginsWith ab", "abc", true }, { "@beginsWith ab", "cab", false }, { "!@beginsWith ab", "cab", true },
        { "@endsWith bc", "abc", true }, { "@endsWith bc", "bca", false },
        { "@contains b c", "ab cd", true }, { "@contains B", "abc", false },
        { "@containsWord cat", "a cat.", true }, { "@containsWord cat", "concatenate", false },
        { "@containsWord cat", "concat cat", true },
        { "@streq abc", "abc", true }, { "@streq abc", "ABC", false }, { "@strmatch b", "abc", true },
        { "@within GET,POST", "POST", true }, { "@within GET,POST", "PUT", false }, { "@within GET", "", true },
        { "@eq 5", "5", true }, { "@eq 5", "5abc", true }, { "@eq 0", "abc", true }, { "@eq 5", "05", true },
            { "!@eq 5", "6", true },
        { "@ge 5", "5", true }, { "@ge 5", "4", false }, { "@gt 5", "5", false }, { "@le 5", "5", true }, { "@lt 5",
            "-1", true },
        { "@eq %{ARGS.n}", "7", true }, { "@streq %{ARGS.n}", "7", true }, { "@rx ^%{ARGS.n}$", "7", true },
        // Patterns are bytes: é is C3 A9, in a class as well, where U+0082 is C2 82.
        { "@rx caf\u00e9$", "caf\u00e9", true }, { "@rx [\u0082]", "caf\u00e9", false },
        { "@rx (?i)a+b", "xAAb", true }, { "a.c", "abc", true }, { "!a.c", "abd", true }, { "@rxGlobal b", "abab",
            true },
        { "@pm one two", "x TWO x", true }, { "@pm one two", "tw o", false }, { "@pm a|3b|b", "xa;bx", true },
        { "@ipMatch 10.0.0.0/8,192.168.1.7", "10.1.2.3", true }, { "@ipMatch 10.0.0.0/8", "11.1.2.3", false },
        { "@ipMatch 192.168.1.7", "192.168.1.7", true }, { "@ipMatch 2001:db8::/32", "2001:db8::1", true },
        { "@ipMatch 2001:db8::/32", "2001:db9::1", false }, { "@ipMatch ::1", "0:0:0:0:0:0:0:1", true },
        { "@ipMatch 10.0.0.0/8", "10.1.2", false }, { "@ipMatch 10.0.0.0/8", "::ffff:10.1.2.3", true },
        { "@ipMatch 0.0.0.0/0", "999.1.1.1", false },
        { "@validateByteRange 32-126", "abc", false }, { "@validateByteRange 32-126", "a\tc", true },
        { "@validateByteRange 9,32-126", "a\tc", false }, { "@validateByteRange 1-255", "a\0c", true },
        { "@validateUrlEncoding", "a%2", true }, { "@validateUrlEncoding", "a%zz", true }, { "@validateUrlEncoding",
            "a%20b%41", false },
        { "@validateUtf8Encoding", "caf\u00e9", false }, { "@noMatch", "x", false }, { "@unconditionalMatch", "",
            true },
        { "@verifyCC \\d{13,16}", "card 4111111111111111", true }, { "@verifyCC \\b\\d{13,16}\\b",
            "card 4111111111111112", false },
        { "@verifySSN \\d{3}-?\\d{2}-?\\d{4}", "078-05-1120", true }, { "@verifySSN \\d{9}", "666051120", false },
        { "@verifyCPF [0-9.-]{11,14}", "529.982.247-25", true }, { "@verifyCPF [0-9.-]{11,14}", "529.982.247-26",
            false },
        { "@verifySVNR \\d{10}", "1237010180", true }, { "@verifySVNR \\d{10}", "1238010180", false },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Operator_OnValue_MatchesOrNot(string call, string value, bool matches) =>
        new Profile($"SecRule ARGS:v \"{call}\" \"id:1,phase:2,pass\"")
        {
            Uri = "/?n=7&v=" + Uri.EscapeDataString(value),
            Triggered = matches ? [1] : [],
            NotTriggered = matches ? [] : [1],
        }.Check();

    [Fact]
    public void ValidateUtf8Encoding_OnOverlongForm_Matches() =>
        new Profile("SecRule ARGS:v \"@validateUtf8Encoding\" \"id:1,phase:2,pass\"") { Uri = "/?v=%c0%af",
            Triggered = [1] }.Check();

    [Fact]
    public void PmFromFile_ReadsPhrasesBesideTheRules()
    {
        var files = new MemorySourceResolver(new Dictionary<string, byte[]>
        {
            ["words.data"] = "# comment\n\nsqlmap\nnikto scan\r\n"u8.ToArray(),
                ["nets.data"] = "192.0.2.0/24\n"u8.ToArray(),
        });
        var program = Profile.Compile("""
            SecRule ARGS "@pmFromFile words.data" "id:1,phase:1,pass,capture,setvar:'tx.text=%{TX.0}'"
            SecRule ARGS "@pmf words.data" "id:2,phase:1,pass"
            SecRule REMOTE_ADDR "@ipMatchFromFile nets.data" "id:3,phase:1,pass"
            """, resolver: files);
        var outcome = new Profile("") { Uri = "/?q=a+Nikto+Scan" }.Run(program);

        Assert.Equal([1, 2, 3], outcome.Ids);
        Assert.Equal("Nikto Scan", outcome.Text);
    }

    [Fact]
    public void EveryOperatorOfTheCatalogue_IsTestedOrRefused()
    {
        var tested = Cases.Select(row => (string)row[0]).Select(call => call.TrimStart('!')).Where(call =>
            call[0] == '@')
            .Select(call => call[1..].Split(' ')[0]).Concat(["pmFromFile", "pmf", "ipMatchFromFile", "ipMatchF",
                "detectSQLi", "detectXSS", "rx"])
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

        Assert.All(OperatorCatalogue.All.Values, info =>
            Assert.True(info.Support == Support.Refused || tested.Contains(info.Name), $"@{info.Name} has no case"));
    }

    [Fact]
    public void RefusedOperator_LeavesItsChainWithoutEffect() =>
        new Profile("""
            SecRule ARGS:v "@streq x" "id:1,phase:1,deny,chain"
              SecRule REMOTE_ADDR "!@geoLookup"
            """) { Uri = "/?v=x", NotTriggered = [1] }.Check();
}
