#!/usr/bin/env bash
# curl and wget in their own shapes: prints NAME STATUS EXPECTED ANSWER.
set -uo pipefail
URL="$1" FOLDER="$2"
ANSWER="$(mktemp)"
trap 'rm -f "$ANSWER"' EXIT

# send NAME EXPECTED curl-arguments…
send() {
  local name="$1" expected="$2" status
  shift 2
  status="$(curl -s -o "$ANSWER" -w '%{http_code}' "$@")"
  printf 'curl %s\t%s\t%s\t%s\n' "$name" "$status" "$expected" "$(tr '\n' ' ' <"$ANSWER")"
}

send GET '' -g "$URL/echo?q=a+b%20c&sort=-name&filter[x]=1"
send HEAD '' -I "$URL/echo"
send form '' --data-urlencode "comment=it's \"fine\"; 50% off & more" -d a=1 "$URL/echo"
send JSON '' -H 'Content-Type: application/json' -d '{"note":"either a or b; 1 < 2","list":[1,null]}' "$URL/echo"
send chunked '' -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/json' -d '{"a":"b"}' "$URL/echo"
send HTTP/1.0 '' --http1.0 -d a=1 "$URL/echo"
send HTTP/2 '' --http2-prior-knowledge -d a=1 "$URL/echo"
for name in photo.jpg "Anna's garden (1).jpg" page.pdf notes.txt data.csv archive.zip notes.txt.gz sample.sh; do
  send "upload $name" "$name" -F "file=@\"$FOLDER/$name\"" -F "title=it's; mine" "$URL/echo"
  send "PUT $name" "$name" -T "$FOLDER/$name" "$URL/files/${name// /%20}"
  send "raw $name" "$name" -H 'Content-Type: application/octet-stream' --data-binary "@$FOLDER/$name" "$URL/echo"
  send "bare POST $name" "$name" --data-binary "@$FOLDER/$name" -H 'Content-Type:' "$URL/echo"
done
for name in photo.jpg notes.txt; do
  status=200
  wget -q --content-on-error -O "$ANSWER" --post-file="$FOLDER/$name" --header='Content-Type: application/octet-stream' "$URL/echo" || status=failed
  printf 'wget %s\t%s\t%s\t%s\n' "$name" "$status" "$name" "$(tr '\n' ' ' <"$ANSWER")"
done
