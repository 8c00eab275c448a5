# The sidecar, with OWASP CRS (Apache-2.0) below /rules and the small models below /models.
# BASE has the ASP.NET Core 10 runtime; name it by digest. images/build does.
ARG BASE
FROM ${BASE}
COPY rules/ /rules/
COPY models/ /models/
COPY app/ /app/
COPY sbom/ /usr/share/sbom/
USER 65532:65532
WORKDIR /app
EXPOSE 16520
ENTRYPOINT ["dotnet", "/app/waf-sidecar.dll"]
