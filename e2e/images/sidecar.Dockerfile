# The sidecar, with OWASP CRS (Apache-2.0) below /rules and the small models below /models.
ARG BASE=mcr.microsoft.com/dotnet/aspnet:10.0
FROM ${BASE}
COPY rules/ /rules/
COPY models/ /models/
COPY app/ /app/
USER 65532:65532
WORKDIR /app
EXPOSE 15020
ENTRYPOINT ["dotnet", "/app/waf-sidecar.dll"]
