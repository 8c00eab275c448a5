namespace WafOperator.Http.Tests;

public sealed class CharsetTests
{
    private const string Form = "application/x-www-form-urlencoded; charset=";

    [Theory]
    [InlineData("utf-16le", "a\0b\0")]
    [InlineData("UCS-2", "a\0b\0")]
    [InlineData("utf-16be", "\0a\0b")]
    [InlineData("utf-32be", "\0\0\0a\0\0\0b")]
    [InlineData("ibm037", "\u0081\u0082")]
    public void EndBody_CharsetThatIsNoSupersetOfAscii_IsConverted(string charset, string value) =>
        Assert.Contains("=ab", CanonicalRequestTests.Arguments(Body.Read(Form + charset, "x=" + value)));

    [Theory]
    [InlineData("latin1")]
    [InlineData("L1")]
    [InlineData("ascii")]
    [InlineData("koi8-r")]
    public void EndBody_SupersetOfAscii_IsLeftAsItIs(string charset)
    {
        var request = Body.Read(Form + charset, "a=b");
        Assert.Equal("a=b", CanonicalRequestTests.Arguments(request));
        Assert.Equal(Anomalies.None, request.Anomalies & (Anomalies.UnknownCharset | Anomalies.UnusualCharset));
    }

    [Fact]
    public void EndBody_UnknownCharset_IsNotedWithoutAnExceptionForEachValue()
    {
        var thrown = 0;
        var thread = Environment.CurrentManagedThreadId;
        void Count(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs e) =>
            thrown += Environment.CurrentManagedThreadId == thread ? 1 : 0;
        AppDomain.CurrentDomain.FirstChanceException += Count;
        try
        {
            var form = Body.Read(Form + "nonsense", string.Join('&', Enumerable.Range(0, 1000).Select(i => $"a{i}=1")));
            var parts = Body.Read("multipart/form-data; boundary=b", Body.Multipart([.. Enumerable.Range(0, 100).Select(
                i => $"Content-Disposition: form-data; name=\"a{i}\"|Content-Type: text/plain; charset=none{i}||1")]));
            Assert.All([form, parts], request => Assert.True(request.Anomalies.HasFlag(Anomalies.UnknownCharset)));
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Count;
        }

        Assert.Equal(0, thrown);
    }
}
