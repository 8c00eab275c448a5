# The console, with the rules and small models that sidecars have: it judges requests as they do.
# BASE has the ASP.NET Core 10 runtime; name it by digest. images/build does.
ARG BASE
FROM ${BASE}
COPY rules/ /rules/
COPY models/ /models/
COPY app/ /app/
COPY sbom/ /usr/share/sbom/
USER 65532:65532
WORKDIR /app
EXPOSE 8090
ENTRYPOINT ["dotnet", "/app/waf-console.dll"]
CMD ["run"]
