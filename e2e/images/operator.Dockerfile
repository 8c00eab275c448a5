# The operator. BASE holds .NET 10's ASP.NET Core runtime with `dotnet` on PATH.
ARG BASE=mcr.microsoft.com/dotnet/aspnet:10.0
FROM ${BASE}
COPY rules/ /rules/
COPY models/ /models/
COPY app/ /app/
USER 65532:65532
WORKDIR /app
ENV WAF_MODELS_DIR=/models
EXPOSE 8080 9443 9444
ENTRYPOINT ["dotnet", "/app/waf-operator.dll"]
CMD ["run"]
