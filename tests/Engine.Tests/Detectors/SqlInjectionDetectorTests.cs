using System.Text;
using WafOperator.Engine.Detectors;
using WafOperator.Fixtures;

namespace WafOperator.Engine.Tests.Detectors;

public sealed class SqlInjectionDetectorTests
{
    [Theory]
    [InlineData("1 or 1=1")]
    [InlineData("ascii(substring(version() from 1 for 1))")]
    [InlineData("concat(0x223e3c62723e,version(),0x3c696d67207372633d22)")]
    [InlineData("length(current_user())-- -")]
    [InlineData("1' or '1'='1")]
    [InlineData("' or ''='")]
    [InlineData("\" or \"a\"=\"a")]
    [InlineData("1) or (1=1")]
    [InlineData("')) or (('x'='x")]
    [InlineData("1 && 1=1")]
    [InlineData("1' || '1'='1' #")]
    [InlineData("admin'--")]
    [InlineData("admin' -- -")]
    [InlineData("admin'/*")]
    [InlineData("admin')#")]
    [InlineData("1--")]
    [InlineData("1 union select 1,2,3")]
    [InlineData("-1 UnIoN/**/AlL/**/SeLeCt null,null")]
    [InlineData("1'/*!50000union*//*!50000select*/1,user()#")]
    [InlineData("1 union(select(1),2)")]
    [InlineData("1union select password from users")]
    [InlineData("x' and sleep(5)#")]
    [InlineData("1-sleep(5)")]
    [InlineData("1 and (select 1 from dual)=1")]
    [InlineData("(select * from users)")]
    [InlineData("1;drop table users")]
    [InlineData("1'; exec xp_cmdshell 'dir'--")]
    [InlineData("';waitfor delay '0:0:5'--")]
    [InlineData("1; select pg_sleep(5)")]
    [InlineData("1 order by 10--")]
    [InlineData("1' order by 3#")]
    [InlineData("1' group by x having 1=1--")]
    [InlineData("1 having 1=1")]
    [InlineData("1 and 1 between 0 and 2")]
    [InlineData("1' and ascii(substr(user(),1,1))>64--")]
    [InlineData("' and extractvalue(1,concat(0x7e,version()))#")]
    [InlineData("'+(select password from users limit 1)+'")]
    [InlineData("'-'")]
    [InlineData("'='")]
    [InlineData("1' and 1 in (select 1)--")]
    [InlineData("1 and @@version like '5%'")]
    [InlineData("case when 1=1 then 1 else 0 end")]
    [InlineData("1' into outfile '/tmp/x")]
    [InlineData("1` or 1=1#")]
    [InlineData("1' and 'a' like 'a")]
    [InlineData("if(1=1,sleep(5),0)")]
    [InlineData("1 procedure analyse(1)")]
    [InlineData("x',1,(select 1))-- ")]
    [InlineData("1' xor sleep(3) xor '")]
    [InlineData("benchmark(1000000,md5(1))")]
    [InlineData("1 or exists(select 1)")]
    [InlineData("1 and not 1=2")]
    [InlineData("1 rlike sleep(5)")]
    [InlineData("1' where 1=1--")]
    [InlineData("1\u00a0or\u00a01=1")]
    [InlineData("1\u000bor\u000c1=1")]
    [InlineData("1 or 0x31=0x31")]
    [InlineData("$$x$$ or 1=1--")]
    public void Detect_Injection_IsFound(string input) => Assert.True(Find(input, out _), input);

    [Theory]
    [InlineData("round(max(a1, b2), 2)")]
    [InlineData("print(version())")]
    [InlineData("length(version()) is what you call there")]
    [InlineData("")]
    [InlineData("17")]
    [InlineData("hello world")]
    [InlineData("O'Brien")]
    [InlineData("rock 'n' roll")]
    [InlineData("Tom's and Jerry's")]
    [InlineData("cats and dogs")]
    [InlineData("this or that")]
    [InlineData("select a color")]
    [InlineData("Please select one of the options from the list.")]
    [InlineData("union jack")]
    [InlineData("european union and united nations")]
    [InlineData("drop me a line; I will update you")]
    [InlineData("5 or 6 apples")]
    [InlineData("price > 5")]
    [InlineData("a = b")]
    [InlineData("1,2,3")]
    [InlineData("2024-01-01")]
    [InlineData("+49 (30) 123-456")]
    [InlineData("https://example.com/a?b=c&d=e#top")]
    [InlineData("user@example.com")]
    [InlineData("C# or F#")]
    [InlineData("don't -- just don't")]
    [InlineData("sleep (8 hours)")]
    [InlineData("order by phone")]
    [InlineData("group by the fire")]
    [InlineData("\"foo\" or \"bar\"")]
    [InlineData("Building \"and\"")]
    [InlineData("x -- y")]
    [InlineData("the dogs' and cats'")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36")]
    [InlineData("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")]
    [InlineData("{\"a\":1,\"b\":[\"x\",\"y\"]}")]
    [InlineData("like a rolling stone")]
    [InlineData("not in my name")]
    [InlineData("case in point")]
    [InlineData("1---")]
    [InlineData("limit 10")]
    [InlineData("5' 10\"")]
    [InlineData("where is it?")]
    public void Detect_Prose_IsNotFound(string input) => Assert.False(Find(input, out var print), print);

    [Fact]
    public void Detect_Fingerprint_NamesContextAndTokens()
    {
        Assert.True(Find("x' or 'a'='a", out var print));
        Assert.Equal("'s&s=s", print);
    }

    [Fact]
    public void Detect_AttackBehindMuchText_IsStillFound()
    {
        var text = string.Join(' ', Enumerable.Repeat("word and, more; (words) 'x' = y", 200));
        Assert.True(Find(text + " 1 union select 1,2,3", out _));
        Assert.True(Find("1 union select 1,2,3 " + text, out _));
    }

    /// <summary>
    /// Bytes for which one token each was read up to the end of what follows: a megabyte of dots took minutes.
    /// </summary>
    [Theory]
    [InlineData(".")]
    [InlineData("$")]
    [InlineData("+")]
    [InlineData("if(")]
    [InlineData("a.")]
    [InlineData("/*")]
    [InlineData("@'")]
    public void Detect_LongRun_TakesTimeLinearInItsLength(string text)
    {
        var steps = 200_000_000L;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var input = Encoding.Latin1.GetBytes("1 " + string.Concat(Enumerable.Repeat(text, 1_000_000 / text.Length)));
        SqlInjectionDetector.Detect(input, default, ref steps, out _);
        // A quiet core takes less than a tenth of a second, the mistake took minutes.
        Assert.True(steps >= 0, "steps grow faster than the input");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"{clock.Elapsed}");
    }

    [Fact]
    public void Detect_StepsUsedUp_FindsNothingAndSaysSo()
    {
        var input = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("a, ", 2000)) + "1' or '1'='1");
        var (few, enough) = (1_000L, 1_000_000L);
        Assert.False(SqlInjectionDetector.Detect(input, default, ref few, out _));
        Assert.True(few < 0);
        Assert.True(SqlInjectionDetector.Detect(input, default, ref enough, out _));
        Assert.True(enough > 0);
    }

    [Fact]
    public void Detect_AnyInput_AllocatesNothing()
    {
        var inputs = new[] { "hello world", "1' or '1'='1", "it's a \"long\" text (with) marks; and = more" };
        var bytes = inputs.Select(Encoding.UTF8.GetBytes).ToArray();
        var print = new byte[SqlInjectionDetector.FingerprintBytesMax];
        for (var i = 0; i < 50; i++) Run();

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 100; i++) Run();
        }));

        void Run()
        {
            for (var i = 0; i < bytes.Length; i++) SqlInjectionDetector.Detect(bytes[i], print, out _);
        }
    }

    private static bool Find(string input, out string print)
    {
        Span<byte> fingerprint = stackalloc byte[SqlInjectionDetector.FingerprintBytesMax];
        var isFound = SqlInjectionDetector.Detect(Encoding.Latin1.GetBytes(input), fingerprint, out var length);
        print = Encoding.ASCII.GetString(fingerprint[..length]);
        return isFound;
    }
}
