"""The pages of WeChat's documentation that the errcodes were learned from."""

from typing import Final

_DOCS: Final = "https://developers.weixin.qq.com"
_PLATFORM: Final = f"{_DOCS}/doc/oplatform/Third-party_Platforms/2.0"
RETURN_CODES: Final = f"{_DOCS}/doc/oplatform/Return_codes/Return_code_descriptions_new.html"
COMMON: Final = f"{_DOCS}/doc/store/API/basics/commErrCode.html"
ACCESS_TOKEN: Final = f"{_DOCS}/miniprogram/dev/OpenApiDoc/mp-access-token/getAccessToken.html"
STABLE_TOKEN: Final = f"{_DOCS}/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html"
QUOTA: Final = f"{_PLATFORM}/api/openApi/get_api_quota.html"
DOMAINS: Final = f"{_PLATFORM}/api/Mini_Program_Basic_Info/Server_Address_Configuration.html"
COMPONENT_TOKEN: Final = f"{_PLATFORM}/api/ThirdParty/token/component_access_token.html"
AUTHORIZER_TOKEN: Final = f"{_PLATFORM}/api/ThirdParty/token/api_authorizer_token.html"
PERMISSIONS: Final = f"{_PLATFORM}/troubleshooting/third_party_authority_instructions_troubleshooting.html"
TICKET: Final = f"{_PLATFORM}/troubleshooting/component_verify_ticket_troubleshooting.html"
CLOUD_TOKEN: Final = f"{_PLATFORM}/api/cloudbase/common/usecloudaccesstoken.html"
CLOUD_RUN: Final = f"{_DOCS}/miniprogram/dev/wxcloudrun/src/guide/weixin/faq.html"
CLOUD_BASE: Final = f"{_DOCS}/miniprogram/dev/wxcloud/reference/errcode.html"
