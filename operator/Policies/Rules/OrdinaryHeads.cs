using System.Globalization;
using System.Text;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Rules;

/// <summary>
/// SecLang that leaves single rules of OWASP CRS out where a head is what ordinary clients send: parameters of media
/// types, files by names that frameworks and WebDAV clients use, JSON as the body of a GET. What is left out is narrow
/// by its grammar: nothing that it lets through holds a byte with which an expression, a call, a tag or a command
/// could begin, and all other rules still read the same values. Two header lines of one name are no ordinary head.
/// </summary>
internal static class OrdinaryHeads
{
    /// <summary>A name of a parameter: a token (RFC 9110), without what begins expressions and commands.</summary>
    private const string Name = @"[\w.*+!^~-]{1,64}";

    /// <summary>A byte of a value without a comma, which separates types in Accept; a fragment of a URI.</summary>
    private const string Plain = @"(?:[\w.+/:=?@*~-]|[\w/]#\w)";

    /// <summary>The same in Content-Type and in quotes, where the comma is a byte like others.</summary>
    private const string Quotable = @"(?:[\w.+,/:=?@*~-]|[\w/]#\w)";

    private const string Uri = $"[a-z][a-z0-9+.-]*:{Quotable}+";

    private const string Type = @"[\w.+-]+/[\w.+-]+";

    /// <summary>A parameter of a type that is itself a value in quotes; its own quotes are escaped.</summary>
    private const string Inner = $@"{Name}=(?:\x5c\x22)?{Quotable}+(?:\x5c\x22)?";

    /// <summary>
    /// In quotes: one value; URIs with a blank between (<c>ext</c> and <c>profile</c> of JSON:API); or a media type
    /// with parameters of its own (<c>start-info</c> of MTOM).
    /// </summary>
    private const string Quoted = $@"\x22(?:{Quotable}*|{Uri}(?: {Uri})*|{Type}(?:; ?{Inner})+)\x22";

    /// <summary>Those parameters that CRS 3.3 takes, with the values that it takes (rule 920470).</summary>
    private const string Known =
        @"(?:action|boundary|charset|type|start(?:-info)?)\s?=\s?['\x22\w.()+,/:=?<>@-]+";

    /// <summary>A type with its parameters, in lower case.</summary>
    private const string TypeAndParameters =
        $@"{Type}(?:\s{{0,2}};\s{{0,4}}(?:{Known}|{Name}\s?=\s?(?:{Quotable}+|{Quoted}))?)*";

    /// <summary>A type or range of Accept with its parameters.</summary>
    private const string Range =
        $@"(?:\*|[\w.*+!^~-]+/[\w.*+!^~-]+)(?:\s{{0,2}};\s{{0,4}}(?:{Name}\s?=\s?(?:{Plain}+|{Quoted}))?)*";

    /// <summary>Charsets in which letters are the same bytes.</summary>
    private const string Charsets = "(?:utf-8|us-ascii|iso-8859-1|iso-8859-15|windows-1252)";

    /// <summary>Fewer than matches are remembered of one variable.</summary>
    private const int PartHeadersMax = 1_000;

    /// <summary>Endings of files that caches of content networks keep without being told to.</summary>
    private const string CachedFiles = "7z|apk|avif|avi|bin|bmp|bz2|class|css|csv|dmg|docx?|ejs|eot|eps|exe|flac|"
        + "gif|gz|html?|ico|iso|jar|jpe?g|m?js|map|mid|midi|mkv|mp3|mp4|m4a|ogg|otf|pdf|pict|pls|png|pptx?|ps|rar|"
        + "svgz?|swf|tar|tiff?|ttf|txt|wasm|wav|webm|webp|woff2?|xlsx?|xml|zip|zst";

    /// <summary>Methods by which WebDAV clients name files, besides those of WebDAV itself; POST is none.</summary>
    private static readonly string DavMethods =
        string.Join('|', ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", .. RequestVocabulary.WebDavMethods]);

    /// <summary>Appends the rules to the text that stands before the rule sets.</summary>
    public static void Append(StringBuilder text, RulesSpec spec)
    {
        AppendTypes(text);
        AppendMultipart(text);
        AppendFiles(text);
        AppendReadBodies(text);
        if (spec.WebDav) AppendWebDav(text);
    }

    /// <summary>
    /// Types with parameters. Of Content-Type any name (920470 knows six), also none behind the last semicolon. Of
    /// Accept values with slashes, colons and commas, the lone star of Java's client and an empty value: 920600 is
    /// about charsets of responses, and a value that names one is left to it.
    /// </summary>
    private static void AppendTypes(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $$"""
        SecRule &REQUEST_HEADERS:Content-Type "@eq 1" \
            "id:{{ReservedRuleIds.Bodies + 10}},phase:1,t:none,pass,nolog,chain"
            SecRule REQUEST_HEADERS:Content-Type "!@rx ^[\w/.+-]+(?:\s?;\s?{{Known}})*$" "t:none,t:lowercase,chain"
                SecRule REQUEST_HEADERS:Content-Type "@rx ^{{TypeAndParameters}}$" \
                    "t:none,t:lowercase,ctl:ruleRemoveById=920470"
        SecRule &REQUEST_HEADERS:Accept "@eq 1" \
            "id:{{ReservedRuleIds.Bodies + 11}},phase:1,t:none,pass,nolog,chain"
            SecRule REQUEST_HEADERS:Accept \
                "@rx ^$|(?:^|,)\s*(?:,|$)|(?:^|,)\s*\*\s*(?:[;,]|$)|;[^,]*[/:?#\x22]" "t:none,chain"
                SecRule REQUEST_HEADERS:Accept "!@contains charset" "t:none,t:lowercase,chain"
                    SecRule REQUEST_HEADERS:Accept "@rx ^(?:{{Range}}(?:\s{0,2},\s{0,2}(?:{{Range}})?)*)?$" \
                        "t:none,t:lowercase,ctl:ruleRemoveById=920600"

        """);

    /// <summary>
    /// Types in parameters of multipart types and of their parts, which SOAP with attachments cannot do without. 921421
    /// and 921422 guard engines that look for a type anywhere in the header; ours reads the declared one, and a body
    /// that looks otherwise as what it looks like. 922110 is about charsets of parts: it stays for other ones than all
    /// readers share, and where there are more parts than the engine remembers matches of.
    /// </summary>
    private static void AppendMultipart(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $$"""
        SecRule REQUEST_HEADERS:Content-Type "@rx ^multipart/" \
            "id:{{ReservedRuleIds.Bodies + 16}},phase:1,t:none,t:lowercase,pass,nolog,chain"
            SecRule &REQUEST_HEADERS:Content-Type "@eq 1" "t:none,chain"
                SecRule REQUEST_HEADERS:Content-Type "@rx ^{{TypeAndParameters}}$" \
                    "t:none,t:lowercase,ctl:ruleRemoveById=921421,ctl:ruleRemoveById=921422"
        SecRule MULTIPART_PART_HEADERS "@rx ^content-type\s*:" \
            "id:{{ReservedRuleIds.Bodies + 17}},phase:2,t:none,t:lowercase,pass,nolog,chain"
            SecRule MATCHED_VARS "!@rx ^content-type\s*:\s*{{TypeAndParameters}}\s*$" \
                "t:none,t:lowercase,setvar:tx.waf_odd_part=1"
        SecRule MULTIPART_PART_HEADERS "@rx ^content-type\s*:.*charset" \
            "id:{{ReservedRuleIds.Bodies + 19}},phase:2,t:none,t:lowercase,pass,nolog,chain"
            SecRule MATCHED_VARS "!@rx ;\s*charset\s*=\s*['\x22]?{{Charsets}}['\x22]?\s*(?:;|$)" \
                "t:none,t:lowercase,setvar:tx.waf_odd_part=1"
        SecRule &MULTIPART_PART_HEADERS "@gt {{PartHeadersMax}}" \
            "id:{{ReservedRuleIds.Bodies + 20}},phase:2,t:none,pass,nolog,setvar:tx.waf_odd_part=1"
        SecRule &MULTIPART_PART_HEADERS "@gt 0" \
            "id:{{ReservedRuleIds.Bodies + 18}},phase:2,t:none,pass,nolog,chain"
            SecRule &TX:waf_odd_part "@eq 0" "t:none,ctl:ruleRemoveById=922110"

        """);

    /// <summary>
    /// Files of web frameworks whose ending is that of a secret elsewhere: pages of ASP.NET ask for their scripts by
    /// these handlers (<c>trace.axd</c> and <c>elmah.axd</c> are not among them), Blazor for its assemblies.
    /// </summary>
    private static void AppendFiles(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $$"""
        SecRule REQUEST_FILENAME "@rx /(?:(?:web|script)resource\.axd|dxr\.axd|_framework/[\w.-]+\.(?:dat|dll|pdb))$" \
            "id:{{ReservedRuleIds.Bodies + 12}},phase:1,t:none,t:lowercase,pass,nolog,ctl:ruleRemoveById=920440"

        """);

    /// <summary>
    /// A GET whose body is JSON that was read to its end: Elasticsearch, OpenSearch and Solr are asked so, and own
    /// APIs, at paths that nobody can list. What 920170 guards against is guarded otherwise. Framing that two servers
    /// read differently is refused before any rule. An application that leaves the body unread takes it for the next
    /// request: JSON does not begin as one does, and 921110 finds request lines in its values. A cache answers others
    /// with what a body brought about: names of files that caches keep by themselves stay refused.
    /// </summary>
    private static void AppendReadBodies(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $$"""
        SecRule REQUEST_BODY_LENGTH "@gt 0" "id:{{ReservedRuleIds.Bodies + 13}},phase:2,t:none,pass,nolog,chain"
            SecRule REQUEST_METHOD "@streq GET" "t:none,chain"
                SecRule REQUEST_FILENAME "!@rx \.(?:{{CachedFiles}})$" \
                    "t:none,t:urlDecodeUni,t:lowercase,chain"
                    SecRule REQBODY_PROCESSOR "@streq JSON" "t:none,chain"
                        SecRule REQBODY_ERROR "@eq 0" \
                            "t:none,ctl:ruleRemoveById=920170,ctl:ruleRemoveById=920171"

        """);

    /// <summary>
    /// A folder holds files of any name and type: <c>notes.log</c>, <c>backup.sql</c>, <c>report.docx~</c>, and what
    /// Finder and Explorer put beside them. Other restricted names (<c>.htaccess</c>, <c>.git</c>) stay so.
    /// </summary>
    private static void AppendWebDav(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $$"""
        SecRule REQUEST_METHOD "@streq PUT" \
            "id:{{ReservedRuleIds.Bodies + 7}},phase:1,t:none,pass,nolog,ctl:ruleRemoveById=920420"
        SecRule REQUEST_METHOD "@rx ^(?:{{DavMethods}})$" \
            "id:{{ReservedRuleIds.Bodies + 14}},phase:1,t:none,pass,nolog,\
            ctl:ruleRemoveById=920440,ctl:ruleRemoveById=920500"
        SecRule REQUEST_FILENAME "@rx ^(?:/[^./%;][^/%;]*)*/\.ds_store$" \
            "id:{{ReservedRuleIds.Bodies + 15}},phase:1,t:none,t:lowercase,pass,nolog,chain"
            SecRule REQUEST_METHOD "@rx ^(?:{{DavMethods}})$" "t:none,ctl:ruleRemoveById=930130"

        """);
}
