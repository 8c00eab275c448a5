# The sample shop of the demo and the scenarios.
ARG BASE=mcr.microsoft.com/dotnet/aspnet:10.0
FROM ${BASE}
COPY app/ /app/
USER 65532:65532
WORKDIR /app
EXPOSE 8080
ENTRYPOINT ["dotnet", "/app/shop.dll"]
