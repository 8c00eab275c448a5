# The sample shop of the demo and the scenarios.
# BASE has the ASP.NET Core 10 runtime; name it by digest. images/build does.
ARG BASE
FROM ${BASE}
COPY app/ /app/
COPY sbom/ /usr/share/sbom/
USER 65532:65532
WORKDIR /app
EXPOSE 8080
ENTRYPOINT ["dotnet", "/app/shop.dll"]
