namespace WafOperator.Conformance;

/// <summary>The reader of suites: both generations of their form, and nothing that it does not know.</summary>
public sealed class CrsTestReaderTests
{
    [Fact]
    public void Version2_AllOfItsFields_AreReadAndJudged()
    {
        const string Text = """
            ---
            meta:
              author: "us"
            rule_id: 7
            tests:
              - test_id: 1
                desc: "two requests, an answer, and what must and must not be in the log"
                stages:
                  - description: first
                    input:
                      dest_addr: 127.0.0.1
                      port: 80
                      method: POST
                      uri: '/?a={{ "ab" | repeat 3 }}&t={{7*7}}'
                      headers: {Host: localhost, Content-Type: text/plain}
                      autocomplete_headers: false
                      data: '{{ repeat 2 "x" }}'
                      response: {status: 503, headers: {Content-Type: text/plain}, body: "secret"}
                    output:
                      retry_once: true
                      response_contains: "sec"
                      log: {expect_ids: [7, 8], no_expect_ids: [9], match_regex: 'id "7"', no_match_regex: 'id "9"'}
                  - input: {encoded_request: R0VUIC8gSFRUUC8xLjENCkhvc3Q6IGgNCg0K}
                    output: {isolated: true, log: {expect_ids: [8]}}
            """;
        var test = Assert.Single(Read(Text));
        var (input, output) = test.Stages[0];

        Assert.Equal(("7-1", "7"), (test.Title, test.RuleId));
        Assert.Equal(("/?a=ababab&t={{7*7}}", "xx", true), (input.Uri, input.Data, input.StopMagic));
        Assert.Equal(503, input.Response?.Status);
        Assert.Equal(["7", "8"], output.ExpectIds);
        var engine = CrsEngine.Of("""
            SecRuleEngine On
            SecResponseBodyAccess On
            SecResponseBodyMimeType text/plain
            SecRule ARGS:a "@streq ababab" "id:7,phase:2,pass,log"
            SecRule RESPONSE_STATUS "@rx ^(?:200|503)$" "id:8,phase:3,pass,log"
            SecRule RESPONSE_BODY "@contains public" "id:9,phase:4,pass,log"
            """);
        Assert.Null(RegressionTests.Judge(engine, test));
        Assert.Contains("does not contain", RegressionTests.Judge(CrsEngine.Of("SecRuleEngine On"), test));
    }

    [Fact]
    public void Version1_Stages_AreReadAsBefore()
    {
        var test = Assert.Single(Read("""
            meta: {author: us, enabled: true, name: 5.yaml}
            tests:
              - test_title: 5-1
                stages:
                  - stage:
                      input: {uri: /a, stop_magic: true}
                      output: {log_contains: 'id "5"'}
            """));

        var (input, output) = test.Stages[0];
        Assert.Equal(("5-1", "/a", "id \"5\""), (test.Title, input.Uri, output.LogContains));
    }

    /// <summary>CRS 4 has files with an empty <c>meta</c>, and some that name their author outside of it.</summary>
    [Theory]
    [InlineData("meta:\nrule_id: 5\ntests:\n  - {test_id: 1, stages: []}")]
    [InlineData("author: us\nrule_id: 5\ntests:\n  - {test_id: 1, stages: []}")]
    public void Head_EmptyOrWithAnAuthor_IsRead(string text) => Assert.Equal("5-1", Assert.Single(Read(text)).Title);

    [Fact]
    public void DisabledFile_HoldsNoTestsUnlessTheyAreWanted()
    {
        const string Text = "meta: {enabled: false}\ntests:\n  - test_title: 5-1\n    stages: []";

        Assert.Empty(Read(Text, withDisabled: false));
        Assert.Single(Read(Text));
    }

    [Theory]
    [InlineData("rule_id: 1\nnews: 2")]
    [InlineData("tests:\n  - test_id: 1\n    news: 2")]
    [InlineData("tests:\n  - test_id: 1\n    stages:\n      - input: {news: 2}\n        output: {}")]
    [InlineData("tests:\n  - test_id: 1\n    stages:\n      - input: {response: {news: 2}}")]
    [InlineData("tests:\n  - test_id: 1\n    stages:\n      - output: {log: {news: [2]}}")]
    public void UnknownField_IsAnError(string text) =>
        Assert.Contains("'news'", Assert.Throws<InvalidDataException>(() => Read(text)).Message);

    [Fact]
    public void Reflect_AnswersWhatTheRequestSays()
    {
        var answer = CrsBackend.Answer(new CrsInput { Uri = "/reflect?x" },
            """{"status":500,"headers":{"X-A":"b"},"encodedBody":"b29wcw=="}"""u8.ToArray());

        Assert.Equal((500, "oops"), (answer.Status, System.Text.Encoding.ASCII.GetString(answer.Body)));
        Assert.Equal(("X-A", "b"), Assert.Single(answer.Headers));
        var echo = CrsBackend.Answer(new CrsInput { Uri = "/anything" }, "echo"u8.ToArray());
        Assert.Equal("echo"u8.ToArray(), echo.Body);
    }

    private static IReadOnlyList<CrsTest> Read(string text, bool withDisabled = true)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "suite.yaml"), text);
            return CrsTestReader.ReadAll(folder.FullName, withDisabled);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
